import PontoonCore

/// A tracker that decides from successive scans which files of a run can be sent, and whether the run can be finished.
///
/// Performs no I/O. The caller passes the current time.
struct RunTracker: Sendable {
    /// The work that is due after a scan.
    struct Work: Sendable {
        /// The next files to send, at most ``RunTracker/maximumFiles``, in the order of the scan.
        ///
        /// They are stable, have not been sent since their last change, and need not wait for a retry. Markers are not
        /// included.
        var ready: [UploadItem] = []
        /// Whether more files are ready than fit in one batch.
        var hasMore = false
        /// Number of unstable files, not counting markers, and of files and markers whose failed upload will be
        /// retried.
        var pending = 0
        /// Whether a file or marker has changed too recently to be sent.
        var isSettling = false
        /// Whether every marker pattern matches a file, and all markers are stable.
        var isMarked = false
        /// The errors of the files that cannot be uploaded, with their paths at the destination.
        var problems: [(path: String, error: any Error)] = []

        /// Whether no file is ready or pending, and all markers exist and are stable.
        ///
        /// Files may nevertheless have ``problems``.
        var isFinishable: Bool { isMarked && ready.isEmpty && pending == 0 }
    }

    private struct Facts: Hashable {
        let size: Int64
        let modified: Int64
    }

    private struct File {
        var facts: Facts
        /// Time since which the file counts as unchanged: that of the first scan that found these facts, or of a later
        /// attempt to send the file that was held back or found it changed.
        var since: ContinuousClock.Instant
        var sent: Facts?
        var failure: Failure?
    }

    private struct Failure {
        let error: any Error
        let count: Int
        /// Time of the next attempt; `nil` if the upload is retried only after the file changes.
        let retry: ContinuousClock.Instant?
    }

    /// Maximum number of files in a batch.
    static let maximumFiles = 10_000
    /// Pause before the first retry of a failed upload.
    ///
    /// It doubles with each failure, up to ``longestPause``.
    static let firstPause = Duration.seconds(15)
    static let longestPause = Duration.seconds(600)
    /// Number of attempts after which an error that may be transient or permanent counts as permanent.
    static let maximumUnclearAttempts = 3

    private let settle: Duration
    private var files: [ByteExactString: File] = [:]

    init(settle: Duration) { self.settle = settle }

    /// Records a scan.
    ///
    /// - Returns: The work that is due now.
    mutating func observe(_ scan: RunScan, at now: ContinuousClock.Instant) -> Work {
        var known: [ByteExactString: File] = [:]
        known.reserveCapacity(scan.files.count)
        var work = Work()
        var areMarkersStable = true
        // Empty folders are created when the run is finished.
        for found in scan.files where !found.item.isFolder {
            let key = ByteExactString(found.item.remotePath)
            let facts = Facts(size: found.size, modified: found.modified)
            var file = files[key] ?? File(facts: facts, since: now)
            if file.facts != facts { (file.facts, file.since, file.failure) = (facts, now, nil) }
            known[key] = file
            if let problem = found.item.problem {
                work.problems.append((found.item.remotePath, problem))
                continue
            }
            let isStable = now - file.since >= settle
            work.isSettling = work.isSettling || !isStable
            if found.item.isLast {
                areMarkersStable = areMarkersStable && isStable
                if let failure = file.failure { note(failure, of: found.item, in: &work, at: now) }
            } else if file.sent == facts {
                continue
            } else if !isStable {
                work.pending += 1
            } else if let failure = file.failure, failure.retry.map({ $0 > now }) ?? true {
                note(failure, of: found.item, in: &work, at: now)
            } else if work.ready.count < Self.maximumFiles {
                work.ready.append(found.item)
            } else {
                work.hasMore = true
            }
        }
        // Discards the state of files that were removed.
        files = known
        work.isMarked = scan.hasMarkers && areMarkersStable
        return work
    }

    private func note(_ failure: Failure, of item: UploadItem, in work: inout Work, at now: ContinuousClock.Instant) {
        guard let retry = failure.retry else { return work.problems.append((item.remotePath, failure.error)) }
        if retry > now { work.pending += 1 }
    }

    /// Records the result of an upload.
    ///
    /// If the file changed after the scan, the next scan detects the change, and the file is sent again.
    mutating func record(_ result: UploadResult, at now: ContinuousClock.Instant) {
        let key = ByteExactString(result.item.remotePath)
        guard var file = files[key] else { return }
        switch result.outcome {
        case .transferred, .alreadyThere, .skipped: (file.sent, file.failure) = (file.facts, nil)
        case .cancelled: return
        case .failed(let error as ClientError) where [.heldBack, .fileChanged].contains(error.code):
            // Not a failure of this file: others failed, or the file is still being written.
            file.since = now
        case .failed(let error):
            let count = (file.failure?.count ?? 0) + 1
            let pause = min(Self.firstPause * (1 << min(count - 1, 10)), Self.longestPause)
            let isPermanent = !error.isTransient && (!error.isUnclear || count >= Self.maximumUnclearAttempts)
            file.failure = Failure(error: error, count: count, retry: isPermanent ? nil : now + pause)
        }
        files[key] = file
    }
}

extension Error {
    /// Whether the same upload may succeed later without a change of the file or of the user's permissions.
    var isTransient: Bool {
        switch self {
        case let error as APIError: error.status >= 500 || [408, 425, 429].contains(error.status)
        case let error as ClientError:
            [
                .unreachable, .connectionLost, .timedOut, .responseUnreadable, .storageRefused, .checksumMismatch,
                .fileChanged, .fileUnwritable, .diskFull, .busy, .heldBack,
            ].contains(error.code)
        default: false
        }
    }

    /// Whether the error may be transient or permanent.
    ///
    /// An unreadable file may be locked for a moment, and an upload that no longer exists is started again.
    fileprivate var isUnclear: Bool {
        switch self {
        case let error as APIError: error.status == 404
        case let error as ClientError: error.code == .fileUnreadable
        default: false
        }
    }
}
