#!/usr/bin/env bash
# The requests of ../see-which-hosts-enforce-what.md, for the tutorial's application.
set -euo pipefail
. "$(dirname "$0")/post.sh"

# 1. All hosts of an application. 2. Those in trouble, whose word is the oldest first. 3. One of them, HOST.
get '/v1/hosts?application=moka'
get '/v1/hosts?application=moka&state=behind,drifted,refused,silent&sort=heardAt'
[ -z "${HOST:-}" ] || get "/v1/hosts/moka/$HOST"
# 4. What dispatchers write to.
get '/v1/targets?application=moka'
