#!/usr/bin/env bash
# The tutorial's commands, as a test runs them. Needs GATEWAY and TOKEN in the environment.
set -euo pipefail

send() { # send '<json>': posts one command and prints the outcome
  curl --silent --show-error --fail-with-body "$GATEWAY/v1/commands" \
    --header "authorization: Bearer $TOKEN" --header 'content-type: application/json' --data "$1"
  echo
}
get() { curl --silent --show-error --fail-with-body "$GATEWAY$1" --header "authorization: Bearer $TOKEN"; echo; }

# 1. An application says what it governs.
send '{
  "type": "RegisterApplication", "stream": "application:moka", "reason": "first steps",
  "data": {
    "displayName": "Moka", "levels": ["environment", "team"],
    "resources": [{ "name": "requests", "kind": "rate", "unit": "request" }],
    "defaultMode": "enforce", "defaultOnStale": "hold",
    "robotChanges": "propose", "proposalLifetimeMicros": 86400000000
  }
}'

# 2. A quota, and one below it.
send '{
  "type": "CreateQuota", "stream": "application:moka", "reason": "first steps",
  "data": {
    "quotaId": "moka/prod",
    "content": {
      "owner": "group:platform", "project": "acme/moka", "tier": 1, "cutPriority": 0,
      "labels": {}, "attributes": {}, "match": [], "action": "refuse", "rightsizing": [],
      "limits": [{ "resource": "requests", "rate": { "amount": 1000, "per": "1s" } }]
    }
  }
}'
send '{
  "type": "CreateQuota", "stream": "application:moka", "reason": "first steps",
  "data": {
    "quotaId": "moka/prod/ads",
    "content": {
      "owner": "group:ads", "tier": 2, "cutPriority": 0,
      "labels": { "team": "ads" }, "attributes": {}, "match": [], "action": "refuse", "rightsizing": [],
      "limits": [{ "resource": "requests", "rate": { "amount": 200, "per": "1s", "burst": 400 } }]
    }
  }
}'

# 3. For the next hour, twice as much, whatever else changes meanwhile.
until=$(node --eval 'console.log(new Date(Date.now() + 3600e3).toISOString())')
send '{
  "type": "OverrideQuota", "stream": "application:moka", "reason": "the launch",
  "data": {
    "quotaId": "moka/prod/ads", "until": "'"$until"'",
    "limits": [{ "resource": "requests", "rate": { "amount": 400, "per": "1s" } }]
  }
}'

# 4. What is in force, and why. (The read side follows within milliseconds; the tutorial waits a moment.)
sleep 2
get '/v1/quotas/moka%2Fprod%2Fads/explain'

# 5. What hosts get.
get '/v1/rules/moka'

# 6. Who did what.
get '/v1/audit?stream=application:moka'
