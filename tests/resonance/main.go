// Command resonance stands in for the services of an instant messaging system: one binary, three modules.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/ceyewan/resonance/gateway"
	"github.com/ceyewan/resonance/internal/base"
	"github.com/ceyewan/resonance/logic"
	"github.com/ceyewan/resonance/task"
)

func main() {
	var options base.Options
	options.AddFlags(flag.CommandLine)
	flag.Parse()

	run, ok := map[string]func(context.Context, base.Options) error{
		"gateway": gateway.Run,
		"logic":   logic.Run,
		"task":    task.Run,
	}[options.Module]
	if !ok {
		fmt.Fprintf(os.Stderr, "resonance: -module %q: want gateway, logic or task\n", options.Module)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, options); err != nil {
		fmt.Fprintf(os.Stderr, "resonance: %s: %v\n", options.Module, err)
		os.Exit(1)
	}
}
