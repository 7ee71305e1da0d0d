import { settingsOf } from '../print/docs.ts';
import { hostAndPort, hostAndPortOrNone, oneOf } from '../rules.ts';

const worker = settingsOf('Worker');

export const workerSettings = {
  LEGISYNC_SHUTDOWN_GRACE_SECONDS: worker.presetNumber(
    { default: 30, min: 1, max: 600 },
    {
      about: 'Time that a stopping worker has to finish its activities or to release their documents.',
      unit: 'seconds',
      change: 'the stop timeout of systemd, Docker or Kubernetes must be longer, or work is repeated',
    },
  ),
  LEGISYNC_WORKER_VERSIONING: worker.preset(oneOf(['on', 'off']), {
    about:
      'Worker versioning of Temporal: a workflow continues on workers of the build that began it, until it ends or ' +
      'continues as new. `legisync up` makes a new build current.',
    default: 'off',
    bounds: 'on or off',
    change:
      'on: old workers must run until their workflows have left them, and a new build begins nothing before `up`',
  }),
  LEGISYNC_LOG_LEVEL: worker.preset(oneOf(['trace', 'debug', 'info', 'warn', 'error', 'silent']), {
    about: 'Lowest level that is logged (JSON, on standard error).',
    default: 'info',
    bounds: 'trace, debug, info, warn, error or silent',
    change: 'debug writes two lines for each activity',
  }),
  LEGISYNC_HEALTH_ADDRESS: worker.preset(hostAndPortOrNone(), {
    about:
      'Address of the health endpoint, host:port, with /live and /ready; or none. ' +
      'A worker that cannot listen there says so in its log and works without it.',
    default: '127.0.0.1:9465',
    change:
      'the endpoint has no password: use a private address; each worker of a machine needs its own port',
  }),
  LEGISYNC_METRICS_ADDRESS: worker.optional(hostAndPort(), {
    about:
      'Address of the Prometheus metrics, host:port, such as 127.0.0.1:9464. Without it, there are no metrics.',
    change: 'the page has no password: use a private address; each worker of a machine needs its own port',
  }),
};
