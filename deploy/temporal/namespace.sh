#!/bin/sh
# Creates the namespace of legisync, unless it is there. Part of docker-compose.yml: the temporal command reads
# TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE itself. `legisync up` registers the search attributes.
set -eu

temporal operator namespace describe > /dev/null 2>&1 && exit 0
temporal operator namespace create --retention "$RETENTION" --namespace "$TEMPORAL_NAMESPACE"
