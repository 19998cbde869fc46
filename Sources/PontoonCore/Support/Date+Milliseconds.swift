package import Foundation

extension Date {
    /// The date rounded to milliseconds, the resolution of the metadata store, so that it equals the stored value.
    package var wholeMilliseconds: Date {
        Date(timeIntervalSince1970: (timeIntervalSince1970 * 1000).rounded() / 1000)
    }
}
