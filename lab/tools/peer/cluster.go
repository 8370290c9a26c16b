package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"log/slog"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	clientconfig "sigs.k8s.io/controller-runtime/pkg/client/config"
)

// cluster knows every node, and every pod of one namespace.
type cluster struct {
	config *config
	cache  cache.Cache
}

// neighbour is shown by /alive, with upstream's field names.
type neighbour struct {
	PodName, PodIP, HostIP, NodeName, Phase string
	hash                                    uint64
}

// follow returns once everything is listed, and watches until ctx is done.
func follow(ctx context.Context, config *config) (*cluster, *rest.Config, error) {
	access, err := clientconfig.GetConfig()
	if err != nil {
		return nil, nil, err
	}
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		return nil, nil, err
	}
	objects, err := cache.New(access, cache.Options{
		Scheme:            scheme,
		DefaultNamespaces: map[string]cache.Config{config.namespace: {}},
	})
	if err != nil {
		return nil, nil, err
	}
	for _, object := range []client.Object{&corev1.Pod{}, &corev1.Node{}} {
		if _, err := objects.GetInformer(ctx, object, cache.BlockUntilSynced(false)); err != nil {
			return nil, nil, err
		}
	}
	go func() {
		if err := objects.Start(ctx); err != nil {
			slog.Error("the cluster cannot be followed", "error", err)
		}
	}()
	if !objects.WaitForCacheSync(ctx) {
		return nil, nil, errors.New("the API server did not tell the pods and nodes")
	}
	return &cluster{config: config, cache: objects}, access, nil
}

// isCordoned reports whether the pod's own node is cordoned or cannot be read.
func (c *cluster) isCordoned(ctx context.Context) bool {
	var node corev1.Node
	err := c.cache.Get(ctx, client.ObjectKey{Name: c.config.nodeName}, &node)
	return err != nil || node.Spec.Unschedulable
}

// neighbours returns the neighbours to check: those that follow the pod's own node in the ring of
// hashes, up to the limit.
func (c *cluster) neighbours(ctx context.Context) ([]neighbour, error) {
	var pods corev1.PodList
	if err := c.cache.List(ctx, &pods, client.MatchingLabelsSelector{Selector: c.config.filter}); err != nil {
		return nil, err
	}
	var nodes corev1.NodeList
	if err := c.cache.List(ctx, &nodes); err != nil {
		return nil, err
	}
	isWanted := map[string]bool{}
	for _, node := range nodes.Items {
		isWanted[node.Name] = c.config.allowUnschedulable || !node.Spec.Unschedulable
	}
	var neighbours []neighbour
	own := hashOf(c.config.nodeName)
	for _, pod := range pods.Items {
		isOurs := pod.Name == c.config.podName
		isRunning := pod.Status.Phase == corev1.PodRunning && pod.DeletionTimestamp == nil
		if isOurs || !isRunning || !isWanted[pod.Spec.NodeName] {
			continue
		}
		neighbours = append(neighbours, neighbour{
			PodName:  pod.Name,
			PodIP:    pod.Status.PodIP,
			HostIP:   pod.Status.HostIP,
			NodeName: pod.Spec.NodeName,
			Phase:    string(pod.Status.Phase),
			// The distance from the own node around the ring.
			hash: hashOf(pod.Spec.NodeName) - own,
		})
	}
	slices.SortFunc(neighbours, func(a, b neighbour) int { return cmp.Compare(a.hash, b.hash) })
	if limit := c.config.limit; limit > 0 && len(neighbours) > limit {
		neighbours = neighbours[:limit]
	}
	return neighbours, nil
}

func hashOf(nodeName string) uint64 {
	sum := sha256.Sum256([]byte(nodeName))
	return binary.BigEndian.Uint64(sum[:8])
}
