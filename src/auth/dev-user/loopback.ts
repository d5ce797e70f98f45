import { BlockList, isIP, isIPv4 } from "node:net";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Whether an address is of this machine alone; IPv4 may come mapped into IPv6, as sockets that serve both report it. */
export function isLoopbackAddress(address: string): boolean {
  const plain = address.toLowerCase().startsWith("::ffff:") && isIPv4(address.slice(7)) ? address.slice(7) : address;
  const family = isIP(plain);
  return family !== 0 && loopback.check(plain, family === 4 ? "ipv4" : "ipv6");
}

/** Whether a host name, as a Host header spells it, can mean nothing but this machine. */
export function isLoopbackName(name: string): boolean {
  if (name === "localhost" || name === "[::1]") return true;
  return isIPv4(name) && isLoopbackAddress(name);
}
