import Foundation
package import PontoonCore

extension Setting where Value == [IPNetwork] {
    package static var webhookAllow: Setting<[IPNetwork]> {
        Setting(
            "webhook-allow",
            SettingFormat(
                placeholder: "network,network,…",
                allowed: nil,
                expectation: "networks such as 10.1.0.0/16, fd00:1::/32 or 192.168.1.5, separated by commas"
            ) { text in
                let items = text.split(separator: ",", omittingEmptySubsequences: false)
                    .map { $0.trimmingCharacters(in: .whitespaces) }
                let networks = items.compactMap { IPNetwork($0) }
                return networks.count == items.count ? networks : nil
            },
            default: .value([], described: "none"),
            summary: "Networks to which webhooks may send events, in addition to addresses on the public Internet"
        )
    }
}
