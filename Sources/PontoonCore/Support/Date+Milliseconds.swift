package import Foundation

extension Date {
    /// The date rounded to whole milliseconds, as dates are stored, so that a new value equals the same value read
    /// later.
    package var wholeMilliseconds: Date {
        Date(timeIntervalSince1970: (timeIntervalSince1970 * 1000).rounded() / 1000)
    }
}
