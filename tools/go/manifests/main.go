// Checks Kubernetes manifests as an API server does when it creates them, without a server: reads them from standard
// input, decodes them strictly (unknown and repeated fields are errors), sets the defaults, and runs the validation of
// each kind from the source of Kubernetes. Then it applies the Pod Security Standards as the labels of the namespaces
// require. Prints one line for each finding, and exits with 1 if there is one.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/autoscaling/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	_ "k8s.io/kubernetes/pkg/apis/rbac/install"
	"k8s.io/kubernetes/pkg/registry/apps/daemonset"
	"k8s.io/kubernetes/pkg/registry/apps/deployment"
	"k8s.io/kubernetes/pkg/registry/apps/statefulset"
	"k8s.io/kubernetes/pkg/registry/autoscaling/horizontalpodautoscaler"
	"k8s.io/kubernetes/pkg/registry/core/configmap"
	"k8s.io/kubernetes/pkg/registry/core/namespace"
	"k8s.io/kubernetes/pkg/registry/core/secret"
	"k8s.io/kubernetes/pkg/registry/core/service"
	"k8s.io/kubernetes/pkg/registry/core/serviceaccount"
	"k8s.io/kubernetes/pkg/registry/networking/ingress"
	"k8s.io/kubernetes/pkg/registry/networking/networkpolicy"
	"k8s.io/kubernetes/pkg/registry/policy/poddisruptionbudget"
	"k8s.io/kubernetes/pkg/registry/rbac/role"
	"k8s.io/kubernetes/pkg/registry/rbac/rolebinding"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

var strategies = map[string]rest.RESTCreateStrategy{
	"ConfigMap":               configmap.Strategy,
	"DaemonSet":               daemonset.Strategy,
	"Deployment":              deployment.Strategy,
	"HorizontalPodAutoscaler": horizontalpodautoscaler.Strategy,
	"Ingress":                 ingress.Strategy,
	"Namespace":               namespace.Strategy,
	"NetworkPolicy":           networkpolicy.Strategy,
	"PodDisruptionBudget":     poddisruptionbudget.Strategy,
	"Role":                    role.Strategy,
	"RoleBinding":             rolebinding.Strategy,
	"Secret":                  secret.Strategy,
	"Service":                 service.Strategy,
	"ServiceAccount":          serviceaccount.Strategy,
	"StatefulSet":             statefulset.Strategy,
}

// An object of a manifest.
type object struct {
	meta  metav1.Object
	kind  schema.GroupVersionKind
	typed runtime.Object
}

func (o object) String() string {
	if o.meta.GetNamespace() == "" {
		return o.kind.Kind + " " + o.meta.GetName()
	}
	return o.kind.Kind + " " + o.meta.GetNamespace() + "/" + o.meta.GetName()
}

var findings int

func report(where any, what any) {
	findings++
	fmt.Printf("%v: %v\n", where, what)
}

func main() {
	objects := read(os.Stdin)
	if len(objects) == 0 {
		report("standard input", "contains no manifest")
	}
	// What applies to a namespace without labels.
	none := api.LevelVersion{Level: api.LevelPrivileged, Version: api.LatestVersion()}
	defaults := api.Policy{Enforce: none, Audit: none, Warn: none}
	levels := map[string]api.Policy{}
	seen := map[string]bool{}
	for _, o := range objects {
		if seen[o.String()] {
			report(o, "is defined twice")
		}
		seen[o.String()] = true
		validate(o)
		if n, ok := o.typed.(*corev1.Namespace); ok {
			level, err := api.PolicyToEvaluate(n.Labels, defaults)
			if err.ToAggregate() != nil {
				report(o, err.ToAggregate())
			}
			levels[n.Name] = level
		}
	}
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		panic(err)
	}
	for _, o := range objects {
		if pod := podOf(o.typed); pod != nil {
			level, ok := levels[o.meta.GetNamespace()]
			if !ok {
				report(o, "its namespace is not among the manifests")
				continue
			}
			for _, result := range evaluator.EvaluatePod(level.Enforce, &pod.ObjectMeta, &pod.Spec) {
				if !result.Allowed {
					report(o, fmt.Sprintf("violates Pod Security %q: %s (%s)",
						level.Enforce.String(), result.ForbiddenReason, result.ForbiddenDetail))
				}
			}
		}
	}
	if findings > 0 {
		os.Exit(1)
	}
	fmt.Printf("%d objects are valid\n", len(objects))
}

func read(input io.Reader) (objects []object) {
	strict := serializer.NewCodecFactory(legacyscheme.Scheme, serializer.EnableStrict)
	documents := yaml.NewYAMLReader(bufio.NewReader(input))
	for number := 1; ; number++ {
		text, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			report(fmt.Sprintf("document %d", number), err)
			return objects
		}
		typed, kind, err := strict.UniversalDeserializer().Decode(text, nil, nil)
		if err != nil {
			report(fmt.Sprintf("document %d (%v)", number, nameIn(text)), err)
			continue
		}
		accessor, err := meta.Accessor(typed)
		if err != nil {
			panic(err)
		}
		objects = append(objects, object{accessor, *kind, typed})
	}
}

// nameIn returns kind and name of a document that cannot be decoded.
func nameIn(text []byte) string {
	var head metav1.PartialObjectMetadata
	if err := yaml.Unmarshal(text, &head); err != nil {
		return "unreadable"
	}
	return head.Kind + " " + head.Namespace + "/" + head.Name
}

// validate does what a server does before it stores a new object. A warning counts as a finding.
func validate(o object) {
	strategy, ok := strategies[o.kind.Kind]
	if !ok {
		report(o, "no check for this kind: add its strategy to tools/go/manifests/main.go")
		return
	}
	if strategy.NamespaceScoped() != (o.meta.GetNamespace() != "") {
		report(o, "needs a namespace, or has one although its kind has none")
		return
	}
	typed := o.typed.DeepCopyObject()
	legacyscheme.Scheme.Default(typed)
	if s, ok := typed.(*corev1.Service); ok && s.Spec.ClusterIP != "" {
		s.Spec.ClusterIPs = []string{s.Spec.ClusterIP} // not a default: the server's storage of Services does this
	}
	internal, err := legacyscheme.Scheme.ConvertToVersion(typed,
		schema.GroupVersion{Group: o.kind.Group, Version: runtime.APIVersionInternal})
	if err != nil {
		report(o, err)
		return
	}
	ctx := request.WithNamespace(context.Background(), o.meta.GetNamespace())
	ctx = request.WithRequestInfo(ctx, &request.RequestInfo{APIGroup: o.kind.Group, APIVersion: o.kind.Version})
	accessor, err := meta.Accessor(internal)
	if err != nil {
		panic(err)
	}
	rest.FillObjectMetaSystemFields(accessor)
	if err := rest.BeforeCreate(strategy, ctx, internal); err != nil {
		report(o, err)
	}
	for _, text := range strategy.WarningsOnCreate(ctx, internal) {
		report(o, text)
	}
}

func podOf(typed runtime.Object) *corev1.PodTemplateSpec {
	switch o := typed.(type) {
	case *appsv1.DaemonSet:
		return &o.Spec.Template
	case *appsv1.Deployment:
		return &o.Spec.Template
	case *appsv1.StatefulSet:
		return &o.Spec.Template
	}
	return nil
}
