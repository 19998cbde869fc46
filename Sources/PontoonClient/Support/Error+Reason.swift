import PontoonFoundation
import SystemPackage

extension Error {
    /// The reason why a file cannot be read or written, such as `No such file or directory`.
    ///
    /// For any other error, its description.
    package var reason: String {
        if let errno = Errno(causing: self) { return "\(errno)" }
        switch self {
        case let error as CocoaError
        where [.fileReadInapplicableStringEncoding, .fileReadCorruptFile].contains(error.code):
            return "it is not valid UTF-8"
        case is CocoaError: return "it cannot be read or written"
        case is DecodingError: return "its contents are not in the expected format"
        default: return "\(self)"
        }
    }
}
