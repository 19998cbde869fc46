/// A failure other than an error response from the API, such as a network, storage or local file error.
public struct ClientError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of an error; the raw value is the field `code` in the output of `--json`.
    public enum Code: String, CaseIterable, Sendable {
        /// The URL of the API is not valid.
        case endpointInvalid = "endpoint_invalid"
        /// No API URL or token was found, the token contains invalid characters, or the credentials file cannot be
        /// read.
        case credentialsMissing = "credentials_missing"
        /// The user lacks a permission that the command needs.
        case notAllowed = "not_allowed"
        /// No connection could be established.
        case unreachable
        /// The server does not use TLS, the TLS handshake failed, the server's certificate is not trusted, or the local
        /// CA certificates cannot be read.
        case tlsFailed = "tls_failed"
        /// The connection was lost before a complete response arrived, or the response was not valid HTTP or contained
        /// bytes other than those requested.
        case connectionLost = "connection_lost"
        /// There was no response or no progress within the timeout, or a watched run was not uploaded in time.
        case timedOut = "timed_out"
        /// The response does not conform to the API, or describes a folder tree that is inconsistent or too large.
        case responseUnreadable = "response_unreadable"
        /// The response is longer than the client accepts.
        case responseTooLong = "response_too_long"
        /// The storage behind a signed URL responded with an error, or ignored a range request.
        case storageRefused = "storage_refused"
        /// The checksums or lengths of the local and the remote copy differ.
        case checksumMismatch = "checksum_mismatch"
        /// The server could not read a file to verify it, or did not verify the file in time.
        case verificationFailed = "verification_failed"
        /// A file changed while it was read or transferred, or since it was selected for deletion.
        case fileChanged = "file_changed"
        /// A local file cannot be read.
        case fileUnreadable = "file_unreadable"
        /// A local file cannot be written.
        case fileUnwritable = "file_unwritable"
        /// The target path of a download exists, or a file or folder has the same name at the destination of an upload.
        case nameTaken = "name_taken"
        /// There is not enough space on the local disk.
        case diskFull = "disk_full"
        /// The name, size or type of a file or folder is not allowed.
        case fileUnsuitable = "file_unsuitable"
        /// Another process is transferring the same file, or watching the same folder.
        case busy
        /// The state directory, or a journal or log in it, cannot be created, read or written.
        case stateUnusable = "state_unusable"
        /// The arguments or input files are not valid, or a request made from them cannot be sent.
        case requestInvalid = "request_invalid"
        /// A local or remote path does not exist, or a pattern or upload id matches nothing.
        case notFound = "not_found"
        /// A file that must be sent after all other files was not sent, because other files failed.
        case heldBack = "held_back"
    }

    /// The kind of the error.
    public let code: Code
    /// A description of the failure, with the name of the file or call.
    public let message: String
    /// Suggested remedy; `nil` if there is nothing to suggest.
    public let advice: String?

    /// Creates an error.
    ///
    /// - Parameters:
    ///   - code: The kind of the error.
    ///   - message: The failure, with the name of the file or call, as a sentence.
    ///   - advice: Suggested remedy, as a sentence; `nil` if there is nothing to suggest.
    public init(_ code: Code, _ message: String, advice: String? = nil) {
        self.code = code
        self.message = message
        self.advice = advice
    }

    /// Returns the error for a file that is sent only if all others succeed; `nil` if `failures` is 0.
    static func heldBack(by failures: Int) -> ClientError? {
        guard failures > 0 else { return nil }
        let files = failures == 1 ? "1 other file" : "\(failures) other files"
        return ClientError(
            .heldBack,
            "This file is sent only if all others succeed, but \(files) failed.",
            advice: "Fix the other failures, then run the same command again."
        )
    }

    /// The message and the advice.
    public var description: String { advice.map { "\(message) \($0)" } ?? message }
}
