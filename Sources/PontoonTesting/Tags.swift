package import Testing

extension Tag {
    /// Drives release binaries in separate processes.
    @Tag package static var endToEnd: Self
    /// Mounts disks or traces system calls, which only root may do.
    @Tag package static var needsRoot: Self
    /// Starts PostgreSQL servers.
    @Tag package static var needsPostgreSQL: Self
}
