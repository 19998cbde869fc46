import PontoonCore

extension Setting where Value == Int64? {
    package static var userQuota: Setting<Int64?> {
        Setting(
            "user-quota",
            .quota,
            default: .text("none"),
            summary: """
                Maximum total size of the files and unfinished uploads in all projects that one user owns; pontoond \
                quota sets another limit for a single user
                """
        )
    }

    package static var projectQuota: Setting<Int64?> {
        Setting(
            "project-quota",
            .quota,
            default: .text("none"),
            summary: """
                Maximum total size of the files and unfinished uploads in one project; pontoond quota sets another limit \
                for a single project
                """
        )
    }
}

extension Setting where Value == Duration {
    package static var reservationLifetime: Setting<Duration> {
        Setting(
            "reservation-lifetime",
            .duration(from: "1s", to: "10000d"),
            default: .text("1h"),
            summary: """
                How long an upload without a new part keeps its declared size reserved in the quotas of its project \
                and the project's owner; after that, it reserves only its stored bytes until it continues
                """
        )
    }
}

extension SettingFormat where Value == Int64? {
    /// The format of quotas: a size in bytes, such as `5TiB`, or `none`.
    fileprivate static var quota: Self {
        SettingFormat(
            placeholder: "size|none",
            allowed: "0 to \(SettingText.size(QuotaArgument.maximumBytes)), or none",
            expectation: "none or a size from 0 to \(SettingText.size(QuotaArgument.maximumBytes)), such as 5TiB"
        ) { text in
            if text.lowercased() == "none" { return .some(nil) }
            guard let bytes = QuotaArgument.bytes(text) else { return nil }
            return bytes
        }
    }
}
