import Foundation

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The process's limit on open file descriptors, which files and connections use.
enum FileDescriptors {
    #if canImport(Glibc)
    private static var resource: __rlimit_resource_t { __rlimit_resource_t(RLIMIT_NOFILE.rawValue) }
    #else
    private static var resource: CInt { RLIMIT_NOFILE }
    #endif

    /// Raises the soft limit to the hard limit, which requires no privileges.
    ///
    /// - Returns: The resulting limit; 1024 if the limit cannot be determined.
    static func raiseLimit() -> Int {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return 1024 }
        var raised = limit
        raised.rlim_cur = limit.rlim_max
        if limit.rlim_cur < limit.rlim_max, setrlimit(resource, &raised) == 0 { limit = raised }
        return Int(clamping: limit.rlim_cur)
    }

    /// Returns the soft limit, or 0 if it cannot be determined.
    static func limit() -> Int {
        var limit = rlimit()
        return getrlimit(resource, &limit) == 0 ? Int(clamping: limit.rlim_cur) : 0
    }

    /// Returns the number of connections that a process can accept without running out of descriptors for files.
    ///
    /// Counts two descriptors per connection, because a connection may need another one for the file that it transfers.
    /// Descriptors are reserved for databases, event loops, directories and recently downloaded files: 48 plus 4 per
    /// processor core, or a quarter of the limit but at most 256, whichever is more.
    ///
    /// - Parameter limit: The limit on open file descriptors.
    /// - Returns: The number of connections, 1 or more.
    static func connections(limit: Int) -> Int {
        let reserve = max(48 + 4 * ProcessInfo.processInfo.activeProcessorCount, min(256, limit / 4))
        return max(1, (limit - reserve) / 2)
    }
}
