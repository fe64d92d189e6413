#!/usr/bin/env bash
# The commands of ../read-a-topic-with-your-own-client.md, on the local stack: prints the records of the
# topics named. PYTHON: an interpreter that has 'confluent-kafka[avro,schemaregistry]'.
set -euo pipefail
cd "$(dirname "$0")/../../.."
address() { node --print "JSON.parse(require('fs').readFileSync(0)).$1" <<<"$status"; }
status=$(./prorata status --json)
"${PYTHON:-python3}" infra/test/readTopics.py \
  --brokers "$(address kafka)" --registry "$(address registry)" \
  --username auditor \
  --password-file "${PRORATA_STACK_DIRECTORY:-.prorata/stack}/secrets/kafka-auditor.password" "$@"
