package main

import (
	"encoding/binary"
	"math/rand/v2"
	"syscall"
	"time"
)

// Impairment describes what is done to frames.
type Impairment struct {
	DelayMs, JitterMs, LossPercent float64
	// Marked is the additional delay in ms of packets with a Differentiated Services code point.
	Marked map[int]float64
}

func (impairment *Impairment) loses() bool {
	return rand.Float64()*100 < impairment.LossPercent
}

func (impairment *Impairment) delay(frame []byte) time.Duration {
	ms := impairment.DelayMs + impairment.JitterMs*(2*rand.Float64()-1)
	if len(impairment.Marked) > 0 {
		ms += impairment.Marked[codePoint(frame)]
	}
	return time.Duration(max(ms, 0) * float64(time.Millisecond))
}

// codePoint returns 0 for a frame that is not an IP packet.
func codePoint(frame []byte) int {
	if len(frame) < 16 {
		return 0
	}
	switch binary.BigEndian.Uint16(frame[12:]) {
	case syscall.ETH_P_IP:
		return int(frame[15] >> 2)
	case syscall.ETH_P_IPV6:
		return int(binary.BigEndian.Uint16(frame[14:]) >> 6 & 0x3f)
	}
	return 0
}
