-- When a failed document is tried again: after `p_seconds` the first time, then after twice as long each time, up to
-- `p_max_seconds`. The exponent is capped so that it cannot overflow; 2^20 seconds are more than a week.
create or replace function legisync.retry_at(
  p_now timestamptz, p_seconds double precision, p_max_seconds double precision, p_attempts integer)
returns timestamptz
language sql stable
return p_now + make_interval(secs => least(p_seconds * power(2, least(p_attempts, 20)), p_max_seconds));
