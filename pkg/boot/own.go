package boot

import (
	"net"
	"slices"
)

// OwnHost reports whether a host, given without a port, is this machine, so that data sent to it
// does not leave the machine. The only name it accepts is localhost; all others must be IP
// addresses.
func OwnHost(host string) bool {
	ip := net.ParseIP(host)
	if ip == nil || ip.IsLoopback() {
		return ip != nil || host == "localhost"
	}
	own, err := net.InterfaceAddrs()
	return err == nil && slices.ContainsFunc(own, func(a net.Addr) bool {
		n, ok := a.(*net.IPNet)
		return ok && n.IP.Equal(ip)
	})
}
