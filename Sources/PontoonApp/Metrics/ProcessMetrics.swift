import Foundation
import PontoonCore

#if os(Linux)
import Glibc
#endif

/// The metrics of the process: its build and start time, and its use of resources, as reported by the kernel.
struct ProcessMetrics: Sendable {
    private let start: Date

    /// - Parameter start: The time at which the process started.
    init(start: Date = Date()) { self.start = start }

    /// Returns the current values, without those that cannot be read.
    func samples() -> [MetricsRegistry.Sample] {
        var samples: [MetricsRegistry.Sample] = [
            .init("process_start_time_seconds", .number(start.timeIntervalSince1970)),
            .init("pontoon_build_info", labels: [Build.version, Build.commit, Build.swift], 1),
        ]
        if let seconds = Self.cpuSeconds() { samples.append(.init("process_cpu_seconds_total", .number(seconds))) }
        if let bytes = Self.residentBytes() { samples.append(.init("process_resident_memory_bytes", bytes)) }
        if let files = Self.openFiles() { samples.append(.init("process_open_fds", files)) }
        samples.append(.init("process_max_fds", FileDescriptors.limit()))
        return samples
    }

    private static func cpuSeconds() -> Double? {
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return nil }
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    private static func residentBytes() -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
        let (bytes, overflows) = pages.multipliedReportingOverflow(by: Int(getpagesize()))
        return overflows ? nil : bytes
    }

    private static func openFiles() -> Int? {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") else { return nil }
        // Excludes the descriptor that reads the directory.
        return max(0, names.count - 1)
    }
}
