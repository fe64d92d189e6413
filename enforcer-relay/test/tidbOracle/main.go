// What TiDB's own parser makes of statements: one JSON string a line in, one JSON object a line out, with the
// statements as the parser writes them again, or what it does not take.
package main

import (
	"bufio"
	"encoding/json"
	"log"
	"os"
	"strings"

	"github.com/pingcap/tidb/pkg/parser"
	"github.com/pingcap/tidb/pkg/parser/format"
	_ "github.com/pingcap/tidb/pkg/parser/test_driver"
)

type answer struct {
	Statements []string `json:"statements"`
	Problem    string   `json:"problem"`
}

// A text of some thousands of groups.
const lineBytesMax = 64 << 20

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, lineBytesMax)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var text string
		if err := json.Unmarshal(lines.Bytes(), &text); err != nil {
			log.Fatal(err)
		}
		if err := out.Encode(answered(text)); err != nil {
			log.Fatal(err)
		}
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
}

func answered(text string) answer {
	nodes, _, err := parser.New().Parse(text, "", "")
	if err != nil {
		return answer{Statements: []string{}, Problem: err.Error()}
	}
	statements := []string{}
	for _, node := range nodes {
		var restored strings.Builder
		if err := node.Restore(format.NewRestoreCtx(format.DefaultRestoreFlags, &restored)); err != nil {
			return answer{Statements: []string{}, Problem: err.Error()}
		}
		statements = append(statements, restored.String())
	}
	return answer{Statements: statements, Problem: ""}
}
