import NIOCore

/// An error response from the storage behind a signed URL.
struct StorageRefusal: Error, Sendable {
    let status: Int
    /// S3's error code, such as `SlowDown`; `nil` if the response has none.
    let code: String?
    /// Delay from the `Retry-After` header; `nil` if it is missing or invalid.
    let wait: Duration?
    /// The storage's message, or a placeholder if it sent none.
    let message: String

    init(_ response: HTTPResponse) {
        status = response.status
        wait = response.retryAfter
        let text = ServerValues.text(of: response.body)
        code = Self.text(in: text, from: "<Code>", to: "</Code>")
        // S3 responds with XML and Pontoon with JSON. Both contain a message.
        message =
            Self.text(in: text, from: "<Message>", to: "</Message>")
            ?? Self.text(in: text, from: "\"message\":\"", to: "\"") ?? "no reason given"
    }

    private static func text(in text: String, from open: String, to close: String) -> String? {
        guard let open = text.firstRange(of: open), let close = text[open.upperBound...].firstRange(of: close) else {
            return nil
        }
        return String(text[open.upperBound..<close.lowerBound]).truncated()
    }

    /// Returns the error for the user; `subject` names the refused object, such as `part 3 of 'reads.bam'`.
    func error(_ subject: String) -> ClientError {
        let advice =
            switch status {
            case 403: "If this happens again, run 'pontoon doctor' to compare this machine's clock with the server's."
            case 503, 507: "The storage may be full or overloaded. Run the same command again later."
            default: "Run the same command again. If this happens again, contact the server's operator."
            }
        return ClientError(
            .storageRefused,
            "The storage refused \(subject): \(message) (status \(status)).",
            advice: advice
        )
    }
}
