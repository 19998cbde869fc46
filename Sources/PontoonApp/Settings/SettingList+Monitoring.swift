package import PontoonServer

extension Setting where Value == ListenAddress? {
    package static var metricsListen: Setting<ListenAddress?> {
        Setting(
            "metrics-listen",
            SettingFormat(
                placeholder: "host:port",
                allowed: nil,
                expectation: "HOST:PORT with a port from 0 to 65535"
            ) { text in
                guard let address = ListenAddress(text), address.port != nil else { return nil }
                return .some(address)
            },
            default: .value(nil, described: "no metrics"),
            summary: """
                Address at which the server exports its metrics for Prometheus, at /metrics. No token is required, so \
                choose an address that only the monitoring system can reach
                """
        )
    }
}

extension Setting where Value == LogFormat {
    package static var logFormat: Setting<LogFormat> {
        Setting(
            "log-format",
            .choice,
            default: .text("text"),
            summary: "Format of the log on standard error: lines of text, or one JSON object per line"
        )
    }
}

extension Setting where Value == Duration {
    package static var slowRequest: Setting<Duration> {
        Setting(
            "slow-request",
            .duration(from: "0s", to: "1d"),
            default: .text("10s"),
            summary: """
                Requests that take at least this long are logged as slow, except those that transfer file bytes or wait \
                for events
                """
        )
    }
}

extension Setting where Value == AuditDestination? {
    package static var auditLog: Setting<AuditDestination?> {
        Setting(
            "audit-log",
            SettingFormat(placeholder: "file|-", allowed: nil, expectation: "the path of a file, or -") {
                AuditDestination($0).map(Optional.some)
            },
            default: .value(nil, described: "no audit log"),
            summary: """
                File to which the server and the administration commands append one JSON object per action; - means \
                standard output, and standard error for commands
                """
        )
    }
}

extension Setting where Value == Int64 {
    package static var auditLogSize: Setting<Int64> {
        Setting(
            "audit-log-size",
            .size(0...(1 << 40)),
            default: .text("0"),
            summary: """
                Size at which the server rotates the audit log: it appends the time to the file's name and creates a \
                new file; 0 leaves the rotation to other programs, which send SIGHUP
                """
        )
    }
}
