package scenario

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// set carries out "load.stages.0.hold=10s": the value is YAML, what is not there yet is made.
func set(root *yaml.Node, setting string) error {
	path, text, ok := strings.Cut(setting, "=")
	if !ok || path == "" {
		return fmt.Errorf("a setting is written like load.calls=5, not %q", setting)
	}
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil || len(document.Content) != 1 {
		return fmt.Errorf("%s: %q is not a value", path, text)
	}
	to := document.Content[0]
	if err := plain(to, 0); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	unlined(to)
	n := root
	keys := strings.Split(path, ".")
	if keys[0] == "thresholds" && len(keys) > 2 { // the names of metrics hold dots themselves
		keys = []string{keys[0], strings.Join(keys[1:], ".")}
	}
	for i, key := range keys {
		next, err := child(n, key)
		if err != nil {
			return fmt.Errorf("%s: %w", strings.Join(keys[:i+1], "."), err)
		}
		n = next
	}
	*n = *to
	return nil
}

// unlined forgets lines, which would be those of another file.
func unlined(n *yaml.Node) {
	n.Line = 0
	for _, c := range n.Content {
		unlined(c)
	}
}

// child finds an item of a list or a key of a mapping, which it makes if need be.
func child(n *yaml.Node, key string) (*yaml.Node, error) {
	if n.Kind == yaml.SequenceNode {
		i, err := strconv.Atoi(key)
		if err != nil || i < 0 || i >= len(n.Content) {
			return nil, fmt.Errorf("the list has %d items, counted from 0", len(n.Content))
		}
		return n.Content[i], nil
	}
	if n.Kind != yaml.MappingNode {
		*n = yaml.Node{Kind: yaml.MappingNode}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1], nil
		}
	}
	made := &yaml.Node{Kind: yaml.MappingNode}
	n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, made)
	return made, nil
}
