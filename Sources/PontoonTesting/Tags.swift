package import Testing

extension Tag {
    /// Tests that drive release binaries in separate processes.
    @Tag package static var endToEnd: Self
    /// Tests that mount file systems or trace system calls, which requires root.
    @Tag package static var needsRoot: Self
    /// Tests that start PostgreSQL servers.
    @Tag package static var needsPostgreSQL: Self
}
