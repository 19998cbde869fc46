import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import PontoonCore

/// The request handler for storing the files of a tar archive, the extension `archive_put`.
///
/// The response is sent while the request is being received. It contains one line per entry, sent once the entry is
/// durable or refused, and a summary at the end. ``ArchiveLines`` limits the total size of the lines for refused
/// entries.
///
/// Source: docs/api.md#a-folder-in-one-call.
struct ArchiveCalls {
    /// Path of the call, relative to `/v2`.
    static let path = "/upload/archive"

    /// Returns whether a request sends an archive, and is therefore treated like the `PUT` of a part.
    static func isArchive(_ method: String, _ uri: String) -> Bool { method == "POST" && uri.hasPrefix("/v2\(path)") }

    let archives: Archives
    /// Maximum length of a file in bytes.
    let maximumSize: Int64
    let metrics: ServerMetrics
    private let limiter = PlaceLimiter.forArchives("receiving")
    /// The limit on the memory in which large files are collected before they are sent to a bucket.
    ///
    /// A bucket receives each file in one request. Not used with the disk store.
    private let memory: JSONBodyBudget
    private let budget: ReceiveBufferBudget

    /// - Parameters:
    ///   - uploads: The use cases of uploads.
    ///   - maximumFilePut: Maximum length in bytes of a file that is sent to a bucket with one request.
    ///   - memory: The limit on the memory in which these files are collected.
    ///   - budget: The limit on memory for socket reads.
    ///   - metrics: The metrics, which count the bytes of responses.
    init(
        uploads: Uploads,
        maximumFilePut: Int,
        memory: JSONBodyBudget,
        budget: ReceiveBufferBudget,
        metrics: ServerMetrics
    ) {
        archives = Archives(uploads: uploads)
        maximumSize = uploads.maximumArchivedFile(ofBucket: Int64(maximumFilePut))
        self.budget = budget
        self.metrics = metrics
        self.memory = memory
    }

    func add(to routes: Routes) { routes.call(.post, Self.path, post) }

    @Sendable private func post(_ call: APICall) async throws -> Response {
        let sender: Sender
        do {
            let isCompressed = try Self.isCompressed(call.request.headers)
            let put = try ArchivePut(call)
            let destination = try await archives.check(put, caller: call.caller)
            sender = Sender(
                calls: self,
                call: call,
                destination: destination,
                isCompressed: isCompressed,
                place: try limiter.admit(call.caller.name)
            )
        } catch {
            try await call.request.ignoreShortBody()
            throw error
        }
        // The client must receive `100 Continue` before the head of the response.
        try await call.context.record.acceptBody()
        call.context.record.beginSending()
        return Response(
            status: .ok,
            headers: [.contentType: "application/x-ndjson"],
            body: ResponseBody { try await sender.send(to: &$0) }
        )
    }

    /// Returns whether the body is compressed with gzip.
    ///
    /// - Throws: `.unsupportedMediaType` for any other encoding.
    private static func isCompressed(_ headers: HTTPFields) throws(PontoonError) -> Bool {
        switch headers[.contentEncoding]?.lowercased() {
        case nil, "identity": return false
        case "gzip", "x-gzip": return true
        default: throw PontoonError(.unsupportedMediaType, "The Content-Encoding must be 'gzip' or absent.")
        }
    }

    /// The handler of one archive put, which receives the archive and sends the response.
    private struct Sender: Sendable {
        let calls: ArchiveCalls
        let call: APICall
        let destination: ArchiveDestination
        let isCompressed: Bool
        let place: PlaceLimiter.Place

        /// Receives the archive, and sends the lines and the summary.
        ///
        /// Ends the request's record, even if an error is thrown.
        @concurrent func send(to writer: inout any ResponseBodyWriter) async throws {
            let record = call.context.record
            do {
                let error = try await sendLines(to: &writer)
                record.end(isComplete: error == nil)
            } catch {
                record.end(isComplete: false)
                throw error
            }
            try await writer.finish(nil)
        }

        /// Receives the archive, and sends the lines and the summary.
        ///
        /// - Returns: The error that stopped the reading of the archive, or `nil` if all entries were read.
        @concurrent private func sendLines(to writer: inout any ResponseBodyWriter) async throws -> PontoonError? {
            var lines = ArchiveLines()
            defer {
                let bytes = lines.summary.bytes
                call.note(.init(id: destination.folder, project: destination.project.description, bytes: bytes))
            }
            let error = try await sendResults(to: &writer, &lines)
            let refusal = error.map { call.context.refusal(for: ($0 as? TarError).map(PontoonError.init) ?? $0) }
            if let refusal { call.context.record.note(refusal: refusal.code) }
            try await write(lines.end(refusal), to: &writer)
            return refusal
        }

        @concurrent private func sendResults(
            to writer: inout any ResponseBodyWriter,
            _ lines: inout ArchiveLines
        ) async throws -> (any Error)? {
            let reception = calls.archives.reception(
                into: destination,
                limit: calls.maximumSize,
                limits: ArchiveLimits { [record = call.context.record] in record.facts.received },
                labels: { try FileLabels(json: $0, "The record PONTOON.labels") },
                reserving: { calls.memory.reservation(for: call.caller.name) }
            )
            // This task is cancelled if the function returns early.
            async let end = receive(reception)
            while let batch = await reception.next() {
                switch batch {
                case .success(let results):
                    let text = lines.lines(results)
                    if text.readableBytes > 0 { try await write(text, to: &writer) }
                case .failure(let error): return error
                }
            }
            return await end
        }

        private func receive(_ reception: ArchiveReception) async -> (any Error)? {
            await calls.budget.receiving {
                if isCompressed { return await reception.receive(GunzippedBody(body: call.request.body)) }
                return await reception.receive(call.request.body)
            }
        }

        /// Writes lines, and counts their bytes as sent.
        @concurrent private func write(_ lines: ByteBuffer, to writer: inout any ResponseBodyWriter) async throws {
            call.context.record.send(lines.readableBytes)
            calls.metrics.sent(lines.readableBytes)
            try await writer.write(lines)
        }
    }
}

extension JSONBodyBudget.Reservation: ArchiveMemory {}

extension ArchivePut {
    /// Reads the destination and the conflict rule from the query, and ignores unknown parameters.
    ///
    /// - Throws: `.initializeInvalid` unless exactly one of `project` and `parent` is given, or if `on_conflict` is not
    ///   a conflict rule; `.uploadProjectMalformed` if `project` does not have the form `owner/project`.
    init(_ call: APICall) throws {
        self.init(
            folder: try FilePut.folder(call.query),
            rule: try FilePut.rule(call.query["on_conflict"])
        )
    }
}

extension PontoonError {
    fileprivate init(_ error: TarError) { self.init(.badRequest, error.message) }
}
