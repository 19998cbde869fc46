package import PontoonFoundation

extension Date {
    /// The date rounded to the nearest millisecond.
    ///
    /// Dates in the metadata store have this resolution, so a rounded date is equal to its stored value.
    package var wholeMilliseconds: Date {
        Date(timeIntervalSince1970: (timeIntervalSince1970 * 1000).rounded() / 1000)
    }

    /// The start of the UTC day that contains the date.
    package var startOfDay: Date {
        Date(timeIntervalSince1970: (timeIntervalSince1970 / 86_400).rounded(.down) * 86_400)
    }
}
