import SystemPackage
import Testing

@testable import PontoonClient

/// Decisions about the files of a run that an instrument is still writing.
struct RunTrackerTests {
    private let start = ContinuousClock.now

    private func file(_ name: String, _ version: Int64 = 1, isLast: Bool = false, problem: ClientError? = nil)
        -> RunScan.File
    {
        var item = UploadItem(source: FilePath("/run/\(name)"), name: name, problem: problem)
        item.isLast = isLast
        return RunScan.File(item: item, size: version, modified: version)
    }

    private func scan(_ files: RunScan.File..., hasMarkers: Bool = false) -> RunScan {
        RunScan(files: files, hasMarkers: hasMarkers, fingerprint: "")
    }

    private func record(
        _ name: String,
        _ outcome: TransferOutcome,
        in tracker: inout RunTracker,
        after seconds: Double
    ) {
        let result = UploadResult(
            index: 0,
            items: [UploadItem(source: FilePath("/run/\(name)"), name: name)],
            outcome: outcome,
            fileID: nil,
            size: 0,
            transferredBytes: 0,
            resumedBytes: 0,
            md5: nil,
            verification: nil,
            uploadID: nil,
            crc64: nil,
            name: nil
        )
        tracker.record(result, at: start + .seconds(seconds))
    }

    @Test("a file is sent when it has not changed for some time, and again after each change")
    func settling() {
        var tracker = RunTracker(settle: .seconds(60))
        #expect(tracker.observe(scan(file("a")), at: start).ready.isEmpty)
        #expect(tracker.observe(scan(file("a")), at: start + .seconds(59)).pending == 1)
        // A change restarts the waiting time.
        #expect(tracker.observe(scan(file("a", 2)), at: start + .seconds(60)).pending == 1)
        #expect(tracker.observe(scan(file("a", 2)), at: start + .seconds(119)).ready.isEmpty)
        let work = tracker.observe(scan(file("a", 2)), at: start + .seconds(120))
        #expect(work.ready.map(\.name) == ["a"] && work.pending == 0)
        record("a", .transferred, in: &tracker, after: 121)
        #expect(tracker.observe(scan(file("a", 2)), at: start + .seconds(122)).ready.isEmpty)
        #expect(tracker.observe(scan(file("a", 3)), at: start + .seconds(123)).pending == 1)
        #expect(tracker.observe(scan(file("a", 3)), at: start + .seconds(183)).ready.map(\.name) == ["a"])
    }

    @Test("a run can be finished when its markers are stable and no other file is pending")
    func markers() {
        var tracker = RunTracker(settle: .seconds(60))
        let marker = file("done", isLast: true)
        _ = tracker.observe(scan(file("a"), marker, hasMarkers: true), at: start)
        var work = tracker.observe(scan(file("a"), marker, hasMarkers: true), at: start + .seconds(60))
        #expect(work.isMarked && !work.isFinishable && work.ready.map(\.name) == ["a"])
        record("a", .transferred, in: &tracker, after: 61)
        work = tracker.observe(scan(file("a"), marker, hasMarkers: false), at: start + .seconds(62))
        #expect(!work.isFinishable)
        work = tracker.observe(scan(file("a"), marker, hasMarkers: true), at: start + .seconds(62))
        #expect(work.isFinishable)
        // A late file delays the completion of the run, and so does a marker that changes.
        work = tracker.observe(scan(file("a"), file("b"), marker, hasMarkers: true), at: start + .seconds(63))
        #expect(!work.isFinishable && work.pending == 1)
        let changed = file("done", 2, isLast: true)
        work = tracker.observe(scan(file("a"), changed, hasMarkers: true), at: start + .seconds(64))
        #expect(!work.isMarked)
        // A removed file does not delay the completion.
        work = tracker.observe(scan(changed, hasMarkers: true), at: start + .seconds(124))
        #expect(work.isFinishable)
    }

    @Test("a temporary failure is retried after growing pauses, and other failures are problems until a change")
    func failures() {
        var tracker = RunTracker(settle: .zero)
        let lost = ClientError(.connectionLost, "Lost.")
        _ = tracker.observe(scan(file("a"), file("b")), at: start)
        record("a", .failed(lost), in: &tracker, after: 0)
        record("b", .failed(ClientError(.fileUnsuitable, "Bad.")), in: &tracker, after: 0)
        var work = tracker.observe(scan(file("a"), file("b")), at: start + .seconds(14))
        #expect(work.ready.isEmpty && work.pending == 1 && work.problems.map(\.path) == ["b"])
        work = tracker.observe(scan(file("a"), file("b")), at: start + .seconds(15))
        #expect(work.ready.map(\.name) == ["a"])
        record("a", .failed(lost), in: &tracker, after: 15)
        #expect(tracker.observe(scan(file("a"), file("b")), at: start + .seconds(44)).pending == 1)
        #expect(tracker.observe(scan(file("a"), file("b")), at: start + .seconds(45)).ready.map(\.name) == ["a"])
        for _ in 0..<100 { record("a", .failed(lost), in: &tracker, after: 45) }
        #expect(tracker.observe(scan(file("a"), file("b", 2)), at: start + .seconds(46)).ready.map(\.name) == ["b"])
        #expect(tracker.observe(scan(file("a")), at: start + .seconds(645)).ready.map(\.name) == ["a"])
    }

    @Test("an error that may be temporary or permanent is retried twice")
    func unclearFailures() {
        var tracker = RunTracker(settle: .zero)
        _ = tracker.observe(scan(file("a")), at: start)
        for second in [0.0, 15] {
            record("a", .failed(ClientError(.fileUnreadable, "No.")), in: &tracker, after: second)
            #expect(tracker.observe(scan(file("a")), at: start + .seconds(second + 1)).pending == 1)
        }
        record("a", .failed(ClientError(.fileUnreadable, "No.")), in: &tracker, after: 45)
        #expect(tracker.observe(scan(file("a")), at: start + .seconds(1000)).problems.count == 1)
    }

    @Test("a file that changed during its upload is pending again, and an unreadable file is a problem")
    func changing() {
        var tracker = RunTracker(settle: .seconds(10))
        _ = tracker.observe(scan(file("a")), at: start)
        record("a", .failed(ClientError(.fileChanged, "Changed.")), in: &tracker, after: 10)
        #expect(tracker.observe(scan(file("a")), at: start + .seconds(19)).pending == 1)
        #expect(tracker.observe(scan(file("a")), at: start + .seconds(20)).ready.count == 1)
        let unreadable = file("b", problem: ClientError(.fileUnreadable, "No."))
        let work = tracker.observe(scan(unreadable, hasMarkers: true), at: start + .seconds(21))
        #expect(work.problems.count == 1 && work.isFinishable)
    }
}
