#!/usr/bin/env bash
# The requests of ../bring-back-an-earlier-version.md, for the tutorial's quota. VERSION: which one.
set -euo pipefail
. "$(dirname "$0")/post.sh"
QUOTA=moka%2Fprod%2Fads

# 1. What it declared, and when, by whom and why.
get "/v1/quotas/$QUOTA/versions"
get "/v1/quotas/$QUOTA/versions/${VERSION:-1}"

# 2. What would differ. 3. And then in earnest.
for DRY_RUN in true false; do
  curl --silent --show-error --fail-with-body "$GATEWAY/v1/quotas/$QUOTA/restore?dryRun=$DRY_RUN" \
    --header "authorization: Bearer $TOKEN" --header 'content-type: application/json' \
    --data '{ "version": '"${VERSION:-1}"', "reason": "the change was a mistake" }'
  echo
done
