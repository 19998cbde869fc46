import PontoonCore

extension Setting where Value == Int64 {
    package static var maximumFilePut: Setting<Int64> {
        Setting(
            "max-file-put",
            .size(1024...(1 << 30)),
            default: .text("64MiB"),
            summary: """
                Largest file that a client can store in one call; with S3, such files take up to four times this size in \
                memory
                """
        )
    }
}
