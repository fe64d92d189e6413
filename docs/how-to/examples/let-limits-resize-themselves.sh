#!/usr/bin/env bash
# The commands of ../let-limits-resize-themselves.md, for the tutorial's application.
# PROPOSAL: the proposal to accept; without it, what is proposed is only shown.
set -euo pipefail
. "$(dirname "$0")/post.sh"

# 1. How far the owner lets the limit move.
post '{
  "type": "ChangeQuota", "stream": "application:moka", "reason": "the rightsizer may follow demand",
  "data": {
    "quotaId": "moka/prod/ads",
    "rightsizing": [{ "resource": "requests", "min": 100, "max": 800 }]
  }
}'

# 2. What it found for each limit, and what waits for a person.
get /v1/rightsizer/status
get '/v1/proposals?application=moka&status=open'

# 3. Accepted; it is judged anew against what holds by now.
if [ -n "${PROPOSAL:-}" ]; then
  post '{
    "type": "ApproveProposal", "stream": "application:moka", "reason": "the evidence is clear",
    "data": { "proposalId": "'"$PROPOSAL"'" }
  }'
fi
