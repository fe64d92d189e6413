#!/usr/bin/env bash
# The commands of ../set-a-budget.md, for the tutorial's application. AMOUNT: the budget, EUR a month; BUDGET_MODE: enforce or dry_run.
# What is so already is accepted and writes nothing, so it may be run again.
set -euo pipefail
. "$(dirname "$0")/post.sh"

# 1. What usage costs: every resource that the project uses needs a price, if only 0.
post '{
  "type": "DefinePriceBook", "stream": "pricebook:list", "reason": "the list prices of 2026",
  "data": {
    "currency": "EUR",
    "prices": [{
      "application": "moka", "resource": "requests", "amount": "0.40", "perUnits": 1000000,
      "effectiveFrom": "2026-01-01T00:00:00Z"
    }]
  }
}'

# 2. What an overrun cuts: tier 0 to 4, in basis points of the maximum; and what is left at least.
post '{
  "type": "PublishTierPolicy", "stream": "tierpolicy:standard", "reason": "agreed by the owners",
  "data": {
    "steps": [
      { "overrunBasisPoints": 0, "cutBasisPoints": [0, 0, 1000, 2500, 4000] },
      { "overrunBasisPoints": 1000, "cutBasisPoints": [0, 1000, 2500, 4000, 5000] }
    ],
    "floorBasisPoints": [10000, 5000, 2500, 1000, 1000]
  }
}'

# Of a registered organization, budgets name projects that are defined; one that is there stays as it is.
has() { get "$1?limit=1000" | grep --quiet --fixed-strings "$2"; }
if has /v1/organizations '"organization":"acme"' &&
  ! has /v1/organizations/acme/projects '"project":"acme/moka"'; then
  post '{
    "type": "DefineProject", "stream": "organization:acme", "reason": "its quotas name it already",
    "data": { "project": "acme/moka", "owner": "group:platform", "displayName": "Moka" }
  }'
fi

# 3. The budget; and, with a greater AMOUNT, the budget raised. Without BUDGET_MODE it stays as it is, and a new one only
# tells what it would cut; BUDGET_MODE=enforce lets it cut.
post '{
  "type": "DefineBudget", "stream": "organization:acme", "reason": "the budget of 2026",
  "data": {
    "budgetId": "moka-monthly", "project": "acme/moka", "amount": "'"${AMOUNT:-500.00}"'", "currency": "EUR",
    "window": { "kind": "calendar_month", "timeZone": "Europe/Berlin" },
    "priceBook": "list", "tierPolicy": "standard"'"${BUDGET_MODE:+, \"mode\": \"$BUDGET_MODE\"}"'
  }
}'

# 4. What is spent, what would be cut, and why not; as soon as the rightsizer has read of the budget.
for _ in $(seq 20); do
  if spend=$(get /v1/budgets/acme/moka-monthly/spend); then break; fi
  sleep 0.5
done
echo "$spend"
