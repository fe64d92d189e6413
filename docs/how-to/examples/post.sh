# Sourced by the how-tos' scripts. Needs GATEWAY and TOKEN; prints each answer as one line.
post() { # post '<json>': one command; a refusal ends the script, and says why.
  curl --silent --show-error --fail-with-body "$GATEWAY/v1/commands" \
    --header "authorization: Bearer $TOKEN" --header 'content-type: application/json' --data "$1"
  echo
}
get() { curl --silent --show-error --fail-with-body "$GATEWAY$1" --header "authorization: Bearer $TOKEN" && echo; }
