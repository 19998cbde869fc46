package import Foundation

extension Date {
    /// The same moment to the millisecond, as records keep it: what was just made is then equal to what is read later.
    package var wholeMilliseconds: Date {
        Date(timeIntervalSince1970: (timeIntervalSince1970 * 1000).rounded() / 1000)
    }
}
