extension Setting where Value == Bool {
    package static var console: Setting<Bool> {
        Setting(
            "console",
            .bool,
            default: .text("true"),
            summary: "Whether to serve the console, a web page for uploads and administration, at /"
        )
    }
}
