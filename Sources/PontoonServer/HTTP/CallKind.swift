import HTTPTypes
import PontoonCore

/// The kind of a call, which determines the threads on which it runs.
enum CallKind {
    /// Sends or receives the bytes of a part or file. Runs on the event loop of its connection, because sending 1 MiB
    /// takes less time than a few thread switches.
    case data
    /// A call of an upload, or a health check. Runs on the threads of Swift concurrency.
    case upload
    /// Any other call. Runs on ``LowPriorityExecutor``, because it may be expensive.
    case other

    init(_ request: HTTPRequest) {
        let path = request.path ?? ""
        if path.hasPrefix(DataPlanePath.root) {
            self = .data
        } else if Self.uploads.contains(where: path.hasPrefix) {
            self = .upload
        } else {
            let isInitialize = request.method == .post && Self.roots.contains { path == $0 || path.hasPrefix("\($0)?") }
            self = isInitialize || HealthCalls.paths.contains(path) ? .upload : .other
        }
    }

    private static let roots = [UploadCalls.root, AutomationCalls.uploadRoot].map { "/v2\($0)" }
    /// Prefixes of the paths of one upload, unlike that of the list of uploads.
    private static let uploads = roots.map { "\($0)/" }
}
