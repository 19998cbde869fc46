extension Setting where Value == Duration {
    package static var eventRetention: Setting<Duration> {
        Setting(
            "event-retention",
            .duration(from: "0s", to: "10000d"),
            default: .text("30d"),
            summary: "How long events are kept; 0s disables the event log"
        )
    }
}
