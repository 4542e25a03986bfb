package boot

import (
	"net"
	"slices"
)

// OwnHost reports whether a host, without a port, is this machine: what is sent there
// does not leave it. Of names, only localhost is.
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
