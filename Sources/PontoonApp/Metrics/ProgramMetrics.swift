import CoreMetrics

/// The metrics of `--validate-command` or `--hook-command`: the number of runs by result, and their duration.
struct ProgramMetrics: Sendable {
    /// The result of a run; the raw value is the value of the label.
    enum Result: String, CaseIterable {
        case success, refused, failed
    }

    private let results: [Result: Counter]
    private let seconds: CoreMetrics.Timer

    /// - Parameters:
    ///   - program: The name of the program in the names of the metrics: `validate` or `hook`.
    ///   - results: The possible results.
    ///   - factory: Creates the metrics.
    init(_ program: String, _ results: [Result], factory: any MetricsFactory) {
        self.results = Dictionary(
            uniqueKeysWithValues: results.map { result in
                let labels = [("result", result.rawValue)]
                return (result, Counter(label: "pontoon_\(program)_runs_total", dimensions: labels, factory: factory))
            }
        )
        seconds = CoreMetrics.Timer(label: "pontoon_\(program)_duration_seconds", factory: factory)
    }

    /// Creates the metrics of `--validate-command`.
    static func validations(factory: any MetricsFactory) -> ProgramMetrics {
        ProgramMetrics("validate", Result.allCases, factory: factory)
    }

    func count(_ result: Result, _ duration: Duration) {
        results[result]?.increment()
        let (whole, fraction) = duration.components
        seconds.recordNanoseconds(whole &* 1_000_000_000 &+ fraction / 1_000_000_000)
    }
}

/// The metrics of `--hook-command`.
struct HookMetrics: Sendable {
    let runs: ProgramMetrics
    /// Number of events that were abandoned because the hook failed too often.
    let abandoned: Counter

    init(factory: any MetricsFactory) {
        runs = ProgramMetrics("hook", [.success, .failed], factory: factory)
        abandoned = Counter(label: "pontoon_hook_abandoned_events_total", factory: factory)
    }
}
