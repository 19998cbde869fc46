/// An error other than an error response of the API: of the network, of the storage, or of local files.
public struct ClientError: Error, Sendable, CustomStringConvertible {
    /// The kind of an error; the raw value is the `code` in `--json`.
    public enum Code: String, CaseIterable, Sendable {
        /// The URL of the API is not valid.
        case endpointInvalid = "endpoint_invalid"
        /// There is no URL or no token.
        case credentialsMissing = "credentials_missing"
        /// No connection could be made.
        case unreachable
        /// The TLS handshake failed, or the server's certificate is not trusted.
        case tlsFailed = "tls_failed"
        /// The connection broke too often.
        case connectionLost = "connection_lost"
        /// There was no progress or no response for too long.
        case timedOut = "timed_out"
        /// The response does not conform to the API.
        case answerUnreadable = "answer_unreadable"
        /// The storage behind a signed URL responded with an error.
        case storageRefused = "storage_refused"
        /// The bytes at the two ends differ.
        case checksumMismatch = "checksum_mismatch"
        /// The file changed during its transfer.
        case fileChanged = "file_changed"
        /// A local file cannot be read.
        case fileUnreadable = "file_unreadable"
        /// A local file cannot be written.
        case fileUnwritable = "file_unwritable"
        /// A local file of that name already exists.
        case nameTaken = "name_taken"
        /// There is not enough space on the local disk.
        case diskFull = "disk_full"
        /// The name or size of the file is not allowed.
        case fileUnsuitable = "file_unsuitable"
        /// Another process is transferring the same file.
        case busy
        /// A journal cannot be read or written.
        case stateUnusable = "state_unusable"
        /// The arguments or input files are not valid.
        case requestInvalid = "request_invalid"
        /// A local or remote path does not exist.
        case notFound = "not_found"
    }

    /// The kind of the error.
    public let code: Code
    /// The failed action, with the name of the file or call.
    public let message: String
    /// Suggested remedy; `nil` if there is nothing to suggest.
    public let advice: String?

    /// Creates an error.
    ///
    /// - Parameters:
    ///   - code: The kind of the error.
    ///   - message: The failed action, with the name of the file or call.
    ///   - advice: Suggested remedy.
    public init(_ code: Code, _ message: String, advice: String? = nil) {
        self.code = code
        self.message = message
        self.advice = advice
    }

    /// The message and the advice.
    public var description: String { advice.map { "\(message) \($0)" } ?? message }
}
