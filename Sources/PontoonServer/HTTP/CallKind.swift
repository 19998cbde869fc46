import HTTPTypes
import PontoonCore

/// The kind of a call, which determines the threads on which it runs.
enum CallKind {
    /// A transfer of the bytes of a part or file. Runs on the event loop of its connection, which saves thread
    /// switches.
    case data
    /// A transfer of an archive. Runs on Swift's global executor, because encoding or decoding would block an event
    /// loop.
    case archive
    /// A call that belongs to an upload but transfers no file bytes, or a health check. Runs on Swift's global
    /// executor.
    case upload
    /// Any other call. Runs on ``LowPriorityExecutor``, because it may be expensive.
    case other

    init(_ request: HTTPRequest) {
        let path = request.path ?? ""
        if path.hasPrefix(DataPlanePath.root) {
            self = path.hasPrefix(DataPlanePath.archives) ? .archive : .data
        } else if FileContentCalls.isPut(request.method.rawValue, path) {
            self = .data
        } else if ArchiveCalls.isArchive(request.method.rawValue, path) {
            self = .archive
        } else if Self.uploads.contains(where: path.hasPrefix) {
            self = .upload
        } else {
            let isInitialize = request.method == .post && Self.roots.contains { path == $0 || path.hasPrefix("\($0)?") }
            self = isInitialize || HealthCalls.paths.contains(path) ? .upload : .other
        }
    }

    /// Whether the call transfers the bytes of files.
    var transfersBytes: Bool { self == .data || self == .archive }

    private static let roots = [UploadCalls.root, AutomationCalls.uploadRoot].map { "/v2\($0)" }
    /// Prefixes of the paths of single uploads, which do not match the list of uploads.
    private static let uploads = roots.map { "\($0)/" }
}
