// Answers, for each line of JSON on its input, what YuniKorn's scheduler makes of a queue file: whether it is taken,
// and which limits its queues have, built anew and after a reload over a former file.
package main

import (
	"bufio"
	"encoding/json"
	"os"

	"github.com/apache/yunikorn-core/pkg/common/configs"
	"github.com/apache/yunikorn-core/pkg/log"
	"github.com/apache/yunikorn-core/pkg/scheduler/objects"
	"go.uber.org/zap"
)

type question struct {
	Text   string `json:"text"`
	Former string `json:"former"`
}

type limits struct {
	Max          map[string]int64 `json:"max"`
	Guaranteed   map[string]int64 `json:"guaranteed"`
	Applications uint64           `json:"applications"`
}

type answer struct {
	Accepted bool              `json:"accepted"`
	Reason   string            `json:"reason"`
	Checksum string            `json:"checksum"`
	Built    map[string]limits `json:"built"`
	Reloaded map[string]limits `json:"reloaded"`
}

const lineBytesMax = 64 << 20

func main() {
	log.InitializeLogger(zap.NewNop(), &zap.Config{Level: zap.NewAtomicLevel()})
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), lineBytesMax)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			panic(err)
		}
		if err := out.Encode(answerTo(asked)); err != nil {
			panic(err)
		}
	}
}

func answerTo(asked question) answer {
	conf, err := configs.LoadSchedulerConfigFromByteArray([]byte(asked.Text))
	if err != nil {
		return answer{Reason: err.Error()}
	}
	told := answer{Accepted: true, Checksum: conf.Checksum}
	if len(conf.Partitions) == 0 {
		return told
	}
	root, err := build(conf.Partitions[0].Queues[0])
	if err != nil {
		told.Reason = "build: " + err.Error()
		return told
	}
	told.Built = map[string]limits{}
	collect(root, 0, told.Built)
	if asked.Former == "" {
		return told
	}
	former, err := configs.LoadSchedulerConfigFromByteArray([]byte(asked.Former))
	if err != nil || len(former.Partitions) == 0 {
		told.Reason = "former is not taken"
		return told
	}
	root, err = build(former.Partitions[0].Queues[0])
	if err == nil {
		err = reload(root, conf.Partitions[0].Queues[0])
	}
	if err != nil {
		told.Reason = "reload: " + err.Error()
		return told
	}
	told.Reloaded = map[string]limits{}
	collect(root, 0, told.Reloaded)
	return told
}

func build(conf configs.QueueConfig) (*objects.Queue, error) {
	root, err := objects.NewConfiguredQueue(conf, nil, true, nil)
	if err != nil {
		return nil, err
	}
	return root, addChildren(root, conf)
}

func addChildren(parent *objects.Queue, conf configs.QueueConfig) error {
	for _, each := range conf.Queues {
		child, err := objects.NewConfiguredQueue(each, parent, true, nil)
		if err != nil {
			return err
		}
		if err = addChildren(child, each); err != nil {
			return err
		}
	}
	return nil
}

// As a partition reloads: what is there takes the new terms, what is new is added.
func reload(queue *objects.Queue, conf configs.QueueConfig) error {
	if _, err := queue.ApplyConf(conf); err != nil {
		return err
	}
	for _, each := range conf.Queues {
		child := queue.GetChildQueue(each.Name)
		if child == nil {
			made, err := objects.NewConfiguredQueue(each, queue, true, nil)
			if err != nil {
				return err
			}
			if err = addChildren(made, each); err != nil {
				return err
			}
			continue
		}
		if err := reload(child, each); err != nil {
			return err
		}
	}
	return nil
}

// What admission asks: the least of each type on the path, and the fewest applications.
func collect(queue *objects.Queue, applications uint64, into map[string]limits) {
	own := queue.GetMaxApps()
	if own != 0 && (applications == 0 || own < applications) {
		applications = own
	}
	into[queue.GetQueuePath()] = limits{
		Max:          queue.GetMaxQueueSet().DAOMap(),
		Guaranteed:   queue.GetGuaranteedResource().DAOMap(),
		Applications: applications,
	}
	for _, child := range queue.GetCopyOfChildren() {
		collect(child, applications, into)
	}
}
