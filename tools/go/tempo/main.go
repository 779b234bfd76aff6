// Tempo, single binary, built from its Go module.
//
// Why this file exists, and is not Tempo's own cmd/tempo:
//   - codec: Tempo carries gogo-protobuf messages over gRPC and therefore replaces grpc's "proto" codec in an init function.
//     Since Go 1.21 packages initialise in path order, so grpc's own codec ("google.golang.org/…") registers after Tempo's
//     ("github.com/…") and wins; the first push then panics. A codec registered from main's init is always last.
//   - retryable: this Tempo answers a push that it cannot store with gRPC code UNKNOWN, which OTLP senders do not retry.
//     While it stops, that lost every span sent to it. Later versions answer UNAVAILABLE, and so does this one.
//   - eachTraceAlone: this Tempo's ingester stops at the first trace of a push that it refuses (too large, or too many live
//     traces), and the distributor then reports the whole push as refused. Later versions refuse that trace alone.
//   - pushGate: on SIGTERM this Tempo's ingester writes its spans to disk, and a moment later refuses further pushes. Spans
//     that it acknowledges in between are lost. So the gate first refuses new pushes and waits for running ones.
//   - exitWhenStored: on SIGTERM it closes its storage at once, then sleeps 30 s with its receiver open for requests that can
//     only fail. It leaves instead when everything that holds data has stopped.
//
// The rest is the least that Tempo's own main does in single-binary mode, with the same flags, so that the arguments
// and the file that start this binary start the released image too.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/drone/envsubst"
	"github.com/go-kit/log/level"
	gogo "github.com/gogo/protobuf/proto"
	"github.com/grafana/dskit/flagext"
	"github.com/grafana/dskit/modules"
	"github.com/grafana/dskit/services"
	"github.com/grafana/tempo/cmd/tempo/app"
	_ "github.com/grafana/tempo/cmd/tempo/build" // its init gives the linked-in version to prometheus/common/version
	"github.com/grafana/tempo/modules/distributor/receiver"
	"github.com/grafana/tempo/modules/overrides"
	"github.com/grafana/tempo/pkg/model"
	"github.com/grafana/tempo/pkg/tempopb"
	"github.com/grafana/tempo/pkg/util/log"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/version"
	"github.com/weaveworks/common/user"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"gopkg.in/yaml.v2"
)

// codec speaks the protobuf wire format for both families of generated messages.
type codec struct{}

func (codec) Name() string { return "proto" }

// Marshal sends messages that know protobuf reflection to the official runtime and all others (gogo's) to gogo's.
func (codec) Marshal(v any) ([]byte, error) {
	switch m := v.(type) {
	case proto.Message:
		return proto.Marshal(m)
	case gogo.Message:
		return gogo.Marshal(m)
	}
	return nil, fmt.Errorf("cannot marshal %T: not a protobuf message", v)
}

// Unmarshal is the inverse of Marshal.
func (codec) Unmarshal(data []byte, v any) error {
	switch m := v.(type) {
	case proto.Message:
		return proto.Unmarshal(data, m)
	case gogo.Message:
		return gogo.Unmarshal(data, m)
	}
	return fmt.Errorf("cannot unmarshal into %T: not a protobuf message", v)
}

func init() {
	encoding.RegisterCodec(codec{})
	prometheus.MustRegister(version.NewCollector("tempo"))
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "tempo: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	printVersion := flag.Bool("version", false, "Print this build's version information")
	verify := flag.Bool("config.verify", false, "Verify configuration and exit")
	cfg, err := load()
	if err != nil {
		return err
	}
	if *printVersion {
		fmt.Println(version.Print("tempo"))
		return nil
	}

	log.InitLogger(&cfg.Server)
	warnings := cfg.CheckConfig()
	for _, w := range warnings {
		level.Warn(log.Logger).Log("msg", w.Message, "explain", w.Explain)
	}
	if *verify {
		if len(warnings) > 0 {
			return fmt.Errorf("%d configuration warnings", len(warnings))
		}
		return nil
	}

	cfg.Server.GRPCOptions = append(cfg.Server.GRPCOptions, grpc.ChainUnaryInterceptor(eachTraceAlone))
	tempo, err := app.New(*cfg)
	if err != nil {
		return fmt.Errorf("initialise: %w", err)
	}
	gate := &pushGate{}
	tempo.TracesConsumerMiddleware = gate.before(retryable(tempo.TracesConsumerMiddleware))
	if err := gate.closeFirst(tempo); err != nil {
		return fmt.Errorf("initialise: %w", err)
	}
	if err := exitWhenStored(tempo); err != nil {
		return fmt.Errorf("initialise: %w", err)
	}
	level.Info(log.Logger).Log("msg", "Starting Tempo", "version", version.Info())
	return tempo.Run()
}

// retryable gives an error that names no gRPC code the one that makes an OTLP sender keep its spans and try again.
// Refusals for cause (a trace too large, a rate limit) do name one and stay as they are.
func retryable(inner receiver.Middleware) receiver.Middleware {
	return receiver.MiddlewareFunc(func(next consumer.Traces) consumer.Traces {
		wrapped := inner.Wrap(next)
		return receiver.ConsumeTracesFunc(func(ctx context.Context, traces ptrace.Traces) error {
			err := wrapped.ConsumeTraces(ctx, traces)
			if err != nil && status.Code(err) == codes.Unknown {
				return status.Error(codes.Unavailable, err.Error())
			}
			return err
		})
	})
}

// pushGate lets pushes pass until it is closed.
type pushGate struct {
	mutex  sync.RWMutex
	closed bool
}

// before puts the gate in front of a middleware. Behind a closed gate a push gets UNAVAILABLE, which OTLP senders retry.
func (g *pushGate) before(inner receiver.Middleware) receiver.Middleware {
	return receiver.MiddlewareFunc(func(next consumer.Traces) consumer.Traces {
		wrapped := inner.Wrap(next)
		return receiver.ConsumeTracesFunc(func(ctx context.Context, traces ptrace.Traces) error {
			g.mutex.RLock()
			defer g.mutex.RUnlock()
			if g.closed {
				return status.Error(codes.Unavailable, "Tempo is stopping")
			}
			return wrapped.ConsumeTraces(ctx, traces)
		})
	})
}

// closeFirst adds a module that depends on every module that a push passes. Modules stop before those they depend on, so
// the gate closes, and the running pushes end, before any of them stops.
func (g *pushGate) closeFirst(tempo *app.App) error {
	const name = "push-gate"
	tempo.ModuleManager.RegisterModule(name, func() (services.Service, error) {
		return services.NewIdleService(nil, func(error) error {
			g.mutex.Lock()
			defer g.mutex.Unlock()
			g.closed = true
			return nil
		}), nil
	}, modules.UserInvisibleModule)
	if err := tempo.ModuleManager.AddDependency(name, app.Distributor, app.Ingester, app.MetricsGenerator); err != nil {
		return err
	}
	return tempo.ModuleManager.AddDependency(app.SingleBinary, name)
}

// eachTraceAlone hands the traces of a push to the ingester one by one. What the ingester refuses for good is counted in
// tempo_discarded_spans_total, by reason and with the number of its spans, and does not fail the push: the others are stored,
// and their spans become metrics. Any other error fails the push, so that it is sent again.
func eachTraceAlone(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	push, ok := req.(*tempopb.PushBytesRequest)
	if !ok || len(push.Ids) != len(push.Traces) {
		return next(ctx, req)
	}
	for i := range push.Traces {
		_, err := next(ctx, &tempopb.PushBytesRequest{Traces: push.Traces[i : i+1], Ids: push.Ids[i : i+1]})
		if err == nil {
			continue
		}
		refusal := status.Convert(err)
		reason, final := refusalReason(refusal)
		if !final {
			return nil, err
		}
		tenant, tenantErr := user.ExtractOrgID(ctx)
		if tenantErr != nil {
			return nil, tenantErr
		}
		spans := countSpans(push.Traces[i].Slice)
		overrides.RecordDiscardedSpans(spans, reason, tenant)
		level.Warn(log.Logger).Log("msg", "trace refused", "reason", reason, "spans", spans, "err", refusal.Message())
	}
	return &tempopb.PushResponse{}, nil
}

// refusalReason names a refusal as the distributor does in tempo_discarded_spans_total; false for errors that may pass.
func refusalReason(refusal *status.Status) (string, bool) {
	switch {
	case strings.HasPrefix(refusal.Message(), overrides.ErrorPrefixTraceTooLarge):
		return "trace_too_large", true
	case strings.HasPrefix(refusal.Message(), overrides.ErrorPrefixLiveTracesExceeded):
		return "live_traces_exceeded", true
	}
	return "", false
}

func countSpans(segment []byte) int {
	trace, err := model.MustNewSegmentDecoder(model.CurrentEncoding).PrepareForRead([][]byte{segment})
	if err != nil {
		return 1
	}
	spans := 0
	for _, batch := range trace.Batches {
		for _, scope := range batch.ScopeSpans {
			spans += len(scope.Spans)
		}
	}
	return spans
}

// exitWhenStored adds a module on which every module that holds or serves data depends. Modules stop before those they
// depend on, so when this one is told to stop, all of them have.
func exitWhenStored(tempo *app.App) error {
	const name = "exit-when-stored"
	tempo.ModuleManager.RegisterModule(name, func() (services.Service, error) {
		return services.NewIdleService(nil, func(error) error {
			level.Info(log.Logger).Log("msg", "Tempo stopped")
			os.Exit(0)
			return nil
		}), nil
	}, modules.UserInvisibleModule)
	for _, module := range []string{app.Ingester, app.MetricsGenerator, app.Compactor, app.Querier, app.QueryFrontend} {
		if err := tempo.ModuleManager.AddDependency(module, name); err != nil {
			return err
		}
	}
	return nil
}

// load reads defaults, then the file, then the flags: each overrides what came before it.
func load() (*app.Config, error) {
	cfg := &app.Config{}
	cfg.RegisterFlagsAndApplyDefaults("", flag.CommandLine)
	file, expand := fileFlags(os.Args[1:])
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if expand {
			expanded, err := envsubst.EvalEnv(string(text))
			if err != nil {
				return nil, fmt.Errorf("expand environment in %s: %w", file, err)
			}
			text = []byte(expanded)
		}
		if err := yaml.UnmarshalStrict(text, cfg); err != nil {
			return nil, fmt.Errorf("parse %s: %w", file, err)
		}
	}
	flagext.IgnoredFlag(flag.CommandLine, "config.file", "Configuration file to load")
	flagext.IgnoredFlag(flag.CommandLine, "config.expand-env", "Whether to expand environment variables in the file")
	flag.Parse()

	// One process, one replica: every ring lives in memory, whatever the file says.
	if cfg.Target == app.SingleBinary {
		cfg.Ingester.LifecyclerConfig.RingConfig.KVStore.Store = "inmemory"
		cfg.Ingester.LifecyclerConfig.RingConfig.ReplicationFactor = 1
		cfg.Ingester.LifecyclerConfig.Addr = "127.0.0.1"
		cfg.Generator.Ring.KVStore.Store = "inmemory"
		cfg.Generator.Ring.InstanceAddr = "127.0.0.1"
	}
	return cfg, nil
}

// fileFlags finds the two flags that must be known before all others are parsed; a parse stops at the first
// flag it does not know, so it is tried again from each argument on.
func fileFlags(args []string) (file string, expand bool) {
	set := flag.NewFlagSet("", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&file, "config.file", "", "")
	set.BoolVar(&expand, "config.expand-env", false, "")
	for ; len(args) > 0; args = args[1:] {
		_ = set.Parse(args)
	}
	return file, expand
}
