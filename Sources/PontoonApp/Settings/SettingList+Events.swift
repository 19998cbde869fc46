extension Setting where Value == Duration {
    package static var eventRetention: Setting<Duration> {
        Setting(
            "event-retention",
            .duration(from: "0s", to: "10000d"),
            default: .text("30d"),
            summary: "How long events can be read after they occurred; 0s records none"
        )
    }
}
