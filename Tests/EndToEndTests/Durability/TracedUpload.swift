import NIOCore
import PontoonTesting
import SystemPackage

/// An upload whose system calls were traced, and checks of their order.
struct TracedUpload: Sendable {
    /// The file that was sent.
    struct Plan: Sendable {
        let lengths: [Int]
        let partSize: Int
        let content: ByteBuffer

        init(lengths: [Int], partSize: Int) {
            (self.lengths, self.partSize) = (lengths, partSize)
            content = pseudoRandomBytes(seed: 4, count: lengths.reduce(0, +))
        }

        var size: Int { content.readableBytes }

        func part(_ number: Int) -> ByteBuffer {
            let start = lengths[..<(number - 1)].reduce(0, +)
            return content.getSlice(at: start, length: lengths[number - 1]) ?? ByteBuffer()
        }
    }

    /// The first step that is missing or out of order.
    enum Problem: Equatable {
        case bytesNotWritten, bytesNotSynced, notNamed, nameNotSynced, recordNotWritten, recordNotSynced, noResponse
        case respondedTooEarly
    }

    let plan: Plan
    let trace: SystemCallTrace
    let objects: FilePath
    /// The object's key, which is part of the names of its files.
    let key: String
    /// The id of the finished file.
    let file: String

    private var slots: String { objects.appending("uploads/\(key)").string }

    /// Checks the order: bytes written → synced → record written to the database log → log synced → response sent.
    func partProblem(_ number: Int) -> Problem? {
        let tag = tag(of: plan.part(number))
        let slot = (number - 1) * plan.partSize..<number * plan.partSize
        let writes = trace.calls.filter { call in
            guard call.name == "pwrite64", let path = call.paths.first else { return false }
            return path.hasPrefix("\(slots).parts/\(number).")
                || path == slots && call.offset.map(slot.contains) == true
        }
        guard let last = writes.last, let path = last.paths.first else { return .bytesNotWritten }
        guard let synced = sync(of: path, after: last.end) else { return .bytesNotSynced }
        return recordProblem(tag, after: synced, response: "HTTP/1.1 200 OK", holding: #"ETag: \"\#(tag)\""#)
    }

    /// Checks the order: parts copied in → synced → renamed → folders synced → record written → synced → response.
    ///
    /// The folders are `uploads`, the object's new folder, and the parent of the new folder. The parent may be synced
    /// as soon as the new folder exists.
    func fileProblem() -> Problem? {
        guard let laidIn = trace.calls.last(where: { $0.name == "copy_file_range" }), let target = laidIn.paths.last
        else { return .bytesNotWritten }
        guard let synced = sync(of: target, after: laidIn.end) else { return .bytesNotSynced }
        let rename = trace.calls.first {
            $0.name.hasPrefix("rename") && $0.begin > synced && $0.arguments.contains("\"\(target)\"")
        }
        guard let rename else { return .notNamed }
        var named = rename.end
        let folder = "files/\(key.suffix(2))"
        let made = trace.calls.first {
            $0.name == "mkdir" && $0.arguments.contains("\(objects.pushing(FilePath(folder)).string)\"")
        }
        guard let made else { return .notNamed }
        for (folder, begin) in [("files", made.end), (folder, rename.end), ("uploads", rename.end)] {
            let path = objects.pushing(FilePath(folder)).string
            guard let synced = sync(of: Substring(path), after: begin) else { return .nameNotSynced }
            named = max(named, synced)
        }
        return recordProblem(file, after: named, response: "HTTP/1.1 201 Created", holding: "201")
    }

    /// Checks the order of the last steps: record written to the database log → log synced → response sent.
    ///
    /// The record is the first write to the write-ahead log that contains `text`. It must start after line `line` of
    /// the trace. The response is the first write to a socket that contains both `response` and `holding`.
    private func recordProblem(_ text: String, after line: Int, response: String, holding: String) -> Problem? {
        let sent = trace.calls.first {
            ["write", "writev", "sendto", "sendmsg"].contains($0.name) && $0.arguments.contains(response)
                && $0.arguments.contains(holding)
        }
        guard let sent else { return .noResponse }
        let record = trace.calls.first {
            $0.name == "pwrite64" && $0.paths.first?.hasSuffix("-wal") == true && $0.arguments.contains(text)
        }
        guard let record, let log = record.paths.first, record.begin > line else { return .recordNotWritten }
        guard let synced = sync(of: log, after: record.end) else { return .recordNotSynced }
        return sent.begin > synced ? nil : .respondedTooEarly
    }

    /// Returns the line on which the first successful sync of `path` that started after `line` ended; `nil` if there
    /// was none.
    private func sync(of path: Substring, after line: Int) -> Int? {
        trace.calls.first {
            ["fdatasync", "fsync"].contains($0.name) && $0.paths.first == path && $0.begin > line && $0.succeeded
        }?.end
    }
}
