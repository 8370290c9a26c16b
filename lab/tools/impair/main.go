// impair forwards Ethernet frames between two interfaces, in both directions, and delays and drops
// some of them, as the kernel's netem does where it exists. It reads the impairment from standard
// input, one JSON object per line, at any time, and prints a line when each is in effect. At the
// end of its input, it forwards the frames that have arrived and are not delayed, then exits.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: impair INTERFACE INTERFACE")
	}
	first, second := open(os.Args[1]), open(os.Args[2])
	var current atomic.Pointer[Impairment]
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		impairment := new(Impairment)
		if err := json.Unmarshal(lines.Bytes(), impairment); err != nil {
			log.Fatalf("%s: %v", lines.Text(), err)
		}
		if current.Swap(impairment) == nil {
			go forward(first, second, &current)
			go forward(second, first, &current)
		}
		fmt.Println("ok")
	}
	for end := time.Now().Add(lastFrames); time.Now().Before(end) && (hasFrames(first) || hasFrames(second)); {
		time.Sleep(time.Millisecond)
	}
	// For the frame that was read last.
	time.Sleep(time.Millisecond)
}

// lastFrames limits how long frames that arrived before the end are still forwarded.
const lastFrames = time.Second

// hasFrames reports whether there are unread frames.
func hasFrames(socket int) bool {
	const siocinq = 0x541b
	var length int32
	_, _, err := syscall.Syscall(syscall.SYS_IOCTL, uintptr(socket), siocinq, uintptr(unsafe.Pointer(&length)))
	return err == 0 && length > 0
}

// From linux/if_packet.h.
const (
	packetVnetHdr        = 15
	packetIgnoreOutgoing = 23
)

// receiveBuffer is in bytes. The default holds three frames of the size that virtual interfaces
// exchange.
const receiveBuffer = 8 << 20

// open returns a socket that receives every frame that arrives at the interface, and none that
// leaves it. Each frame begins with a virtio header, which describes a checksum not yet computed
// and segments not yet cut: inside one kernel, this is put off until a frame reaches a wire, which
// never happens here.
func open(name string) int {
	device, err := net.InterfaceByName(name)
	check(name, err)
	socket, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, 0)
	check("socket", err)
	check("vnet_hdr", syscall.SetsockoptInt(socket, syscall.SOL_PACKET, packetVnetHdr, 1))
	check("ignore_outgoing", syscall.SetsockoptInt(socket, syscall.SOL_PACKET, packetIgnoreOutgoing, 1))
	check("rcvbuf", syscall.SetsockoptInt(socket, syscall.SOL_SOCKET, syscall.SO_RCVBUFFORCE, receiveBuffer))
	const everyProtocol = syscall.ETH_P_ALL<<8 | syscall.ETH_P_ALL>>8 // in network byte order
	check("bind", syscall.Bind(socket, &syscall.SockaddrLinklayer{Protocol: everyProtocol, Ifindex: device.Index}))
	return socket
}

func check(what string, err error) {
	if err != nil {
		log.Fatalf("%s: %v", what, err)
	}
}
