#!/usr/bin/env bash
# The tutorial's commands, as a test runs them. Needs GATEWAY and TOKEN in the environment, curl and node.
# Each answer is one line of JSON, so that a script can read it; on a terminal it is laid out for people.
#
# Safe to run twice. What makes something has a fixed command id: again within 24 hours it gives the first
# outcome again, later it is refused because the thing is there already, and the tutorial goes on. (So give
# it another id when you change it: an id with another body is refused.) What changes something has an id
# of this run.
set -euo pipefail
run=$(node --print 'crypto.randomUUID().slice(0, 24)')

say() { echo "# $*" >&2; }
show() {
  if [ -t 1 ]; then
    node --print 'JSON.stringify(JSON.parse(require("fs").readFileSync(0)), null, 2)' <<<"$1"
  else
    echo "$1"
  fi
}
field() { node --print "JSON.parse(require('fs').readFileSync(0)).$1 ?? ''" <<<"$2"; }
get() { curl --silent --show-error --fail-with-body "$GATEWAY$1" --header "authorization: Bearer $TOKEN"; }
# post <command id> <json>: one command; the answer, also when it is a refusal.
post() {
  curl --silent --show-error "$GATEWAY/v1/commands" --header "authorization: Bearer $TOKEN" \
    --header "idempotency-key: $1" --header 'content-type: application/json' --data "$2"
}
# send [--or CODE] <command id> <json>: accepted, or refused with just this code; anything else ends the tutorial.
send() {
  local code=''
  if [ "$1" = --or ]; then code=$2 && shift 2; fi
  answer=$(post "$1" "$2")
  show "$answer"
  [ "$(field status "$answer")" = accepted ] && return
  if [ -n "$code" ] && [ "$(field code "$answer")" = "$code" ]; then return; fi
  say 'This was not expected. Is the stack ready (./prorata status), and the token fresh?'
  exit 1
}
# follow <path> <field> <quota version>: what is read there, as soon as it is that far: within milliseconds.
follow() {
  local read='' attempt
  for attempt in $(seq 50); do
    read=$(get "$1" || true)
    if [ "$(field "$2" "$read" 2>/dev/null || echo 0)" -ge "$3" ]; then show "$read" && return; fi
    sleep 0.2
  done
  say "$1 has not reached version $3 of the quota after $attempt looks: $read"
  exit 1
}
explain='/v1/quotas/moka%2Fprod%2Fads/explain'

say '1. An application says what it governs.'
send 6a3f1b52-0000-4000-8000-000000000001 '{
  "type": "RegisterApplication", "stream": "application:moka", "reason": "first steps",
  "data": {
    "displayName": "Moka", "levels": ["environment", "team"],
    "resources": [{ "name": "requests", "kind": "rate", "unit": "request" }],
    "defaultMode": "enforce", "defaultOnStale": "hold",
    "robotChanges": "propose", "proposalLifetimeMicros": 86400000000
  }
}'

say '2. A quota, and one below it.'
send --or QUOTA_EXISTS 6a3f1b52-0000-4000-8000-000000000002 '{
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
send --or QUOTA_EXISTS 6a3f1b52-0000-4000-8000-000000000003 '{
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

say '3. Its owner changes the limit, and sends the command twice, as a client does that heard no answer.'
change='{
  "type": "ChangeQuota", "stream": "application:moka", "reason": "more traffic than we thought",
  "data": {
    "quotaId": "moka/prod/ads", "labels": { "team": "ads", "tutorial": "'"$run"'" },
    "setLimits": [{ "resource": "requests", "rate": { "amount": 300, "per": "1s", "burst": 600 } }]
  }
}'
send "${run}000000000004" "$change"
send "${run}000000000004" "$change"
follow "$explain" version "$(field quotaVersion "$answer")"

say '4. More than the parent has: refused, and the answer names what stands in the way.'
send --or PARENT_LIMIT_EXCEEDED "${run}000000000005" '{
  "type": "ChangeQuota", "stream": "application:moka", "reason": "much more",
  "data": {
    "quotaId": "moka/prod/ads",
    "setLimits": [{ "resource": "requests", "rate": { "amount": 2000, "per": "1s" } }]
  }
}'

say '5. For the next hour 400, whatever else changes meanwhile; and why that is in force.'
until=$(node --print 'new Date(Date.now() + 3600e3).toISOString()')
send "${run}000000000006" '{
  "type": "OverrideQuota", "stream": "application:moka", "reason": "the launch",
  "data": {
    "quotaId": "moka/prod/ads", "until": "'"$until"'",
    "limits": [{ "resource": "requests", "rate": { "amount": 400, "per": "1s" } }]
  }
}'
version=$(field quotaVersion "$answer")
follow "$explain" version "$version"

say '6. What hosts get.'
follow /v1/rules/moka 'rules.find((rule) => rule.quotaId === "moka/prod/ads").quotaVersion' "$version"

say '7. Who did what, and why: the audit log.'
show "$(get '/v1/audit?stream=application:moka&limit=20')"
