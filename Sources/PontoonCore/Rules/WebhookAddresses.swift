/// The addresses to which events may be sent.
///
/// A webhook makes the server connect to an address that a user chooses. Webhooks must not reach services that trust
/// the server's network, so only public Internet addresses and networks that the operator lists are allowed. The public
/// addresses of the server itself are not allowed, because its firewall may not apply to its own connections.
package struct WebhookAddresses: Hashable, Sendable {
    private let listed: [IPNetwork]

    /// - Parameter listed: Networks that are allowed in addition to public addresses.
    package init(allowing listed: [IPNetwork] = []) { self.listed = listed }

    /// Returns whether events may be sent to an address.
    ///
    /// `own` are the addresses of this host. If they are unknown (`nil`), only the listed networks are allowed.
    package func allows(_ address: NetworkAddress, own: Set<NetworkAddress>?) -> Bool {
        let target = address.embedded ?? address
        if listed.contains(where: { $0.contains(target) || $0.contains(address) }) { return true }
        guard let own else { return false }
        return Self.isPublic(target) && !own.contains(target) && !own.contains(address)
    }

    private static func isPublic(_ address: NetworkAddress) -> Bool {
        guard !special.contains(where: { $0.contains(address) }) else { return false }
        switch address {
        case .v4: return true
        case .v6: return unicast.contains { $0.contains(address) }
        }
    }

    /// The IPv6 range from which global unicast addresses are assigned.
    private static let unicast = networks("2000::/3")

    /// Address ranges that do not belong to hosts on the public Internet.
    ///
    /// Source: the special-purpose registries of IANA, <https://www.iana.org/assignments/iana-ipv4-special-registry>
    /// and <https://www.iana.org/assignments/iana-ipv6-special-registry>; 224.0.0.0/4 is multicast. 168.63.129.16 is a
    /// service that Azure provides to its virtual machines.
    private static let special = networks(
        """
        0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 \
        192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 \
        168.63.129.16 2001::/23 2001:db8::/32 2002::/16 3fff::/20
        """
    )

    /// Parses networks that are separated by spaces; ignores invalid ones.
    private static func networks(_ texts: String) -> [IPNetwork] {
        texts.split(separator: " ").compactMap { IPNetwork(String($0)) }
    }
}
