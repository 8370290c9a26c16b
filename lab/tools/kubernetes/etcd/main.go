// The etcd server under its own name: `go build` would name the program `server`, after the
// module's folder.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}
