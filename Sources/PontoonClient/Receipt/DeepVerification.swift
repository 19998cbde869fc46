import PontoonFoundation

/// Verification in which the server reads the stored bytes of files again and compares them with its checksums.
struct DeepVerification {
    /// The server's response to a request to verify a file.
    enum Request: Sendable {
        /// The server will read the file. The value contains the file's details at the time of the request.
        case accepted(FileDetails)
        case refused(any Error)
    }

    /// The server's responses to the requests, by file id.
    typealias Requests = [String: Request]

    private let client: SevenBridgesClient

    init(_ client: SevenBridgesClient) { self.client = client }

    /// Requests the verification of all files before the first result is awaited, so that the server is not idle
    /// between files.
    ///
    /// - Returns: The server's responses. A refused request does not affect the others.
    /// - Throws: ``ClientError``, with code `.requestInvalid` if the server does not support this verification;
    ///   ``APIError`` if the token is not valid, or if the server's extensions cannot be requested.
    func request(_ entries: [Receipt.Entry]) async throws -> Requests {
        guard try await client.index().verifiesFiles else {
            throw ClientError(
                .requestInvalid,
                "\(client.endpoint) does not support the verification of stored files.",
                advice: "Verify without --deep, or download the files and compare them."
            )
        }
        var requests: Requests = [:]
        for entry in entries {
            do {
                requests[entry.fileID] = .accepted(try await client.requestVerification(of: entry.fileID))
            } catch let error as APIError where !error.concernsToken {
                requests[entry.fileID] = .refused(error)
            }
        }
        return requests
    }

    /// Waits until the server has read a file.
    ///
    /// - Parameters:
    ///   - request: The server's response to the request.
    ///   - size: Length of the file in bytes, which determines the timeout.
    /// - Returns: The file's details after the verification, including any damage that the server found.
    /// - Throws: ``ClientError``, with code `.verificationFailed` if the server could not read the file, or has not
    ///   read it within an hour plus one second per MiB; the error with which the server refused the request;
    ///   ``APIError``; `CancellationError`.
    func result(of request: Request, size: Int64) async throws -> FileDetails {
        let before: FileDetails
        switch request {
        case .accepted(let details): before = details
        case .refused(let error): throw error
        }
        let deadline = ContinuousClock.now + .seconds(3600) + .seconds(max(size, 0) >> 20)
        var pause = Duration.milliseconds(100)
        var file = before
        while file.checksums?.verificationRequestedOn != nil {
            guard ContinuousClock.now < deadline else { throw failure("has not read '\(file.name)' yet") }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(5))
            file = try await client.file(before.id)
        }
        guard file.checksums?.damage == nil, !wasRead(file, after: before) else { return file }
        throw failure("could not read '\(file.name)'")
    }

    private func wasRead(_ file: FileDetails, after before: FileDetails) -> Bool {
        guard let requestedOn = before.checksums?.verificationRequestedOn else { return false }
        // The first read of a file without a checksum computes the checksum, but has nothing to compare it with.
        if before.checksums?.crc64nvme == nil, file.checksums?.crc64nvme != nil { return true }
        // Both times are in whole seconds, so they may be equal.
        return file.checksums?.verifiedOn.map { $0 >= requestedOn } ?? false
    }

    private func failure(_ what: String) -> ClientError {
        ClientError(
            .verificationFailed,
            "The server \(what).",
            advice: "The server's log contains the reason."
        )
    }
}
