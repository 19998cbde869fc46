import PontoonFoundation
import SystemPackage

extension Error {
    /// Why a file cannot be used, such as `No such file or directory`.
    package var reason: String {
        if let errno = Errno(causing: self) { return "\(errno)" }
        return self is DecodingError ? "its contents are not in the expected format" : "\(self)"
    }
}
