extension Recipe {
    /// Recommendation and stars from a review's words.
    static let clothingReviews = Recipe(
        name: "womens-clothing-reviews", summary: "recommended and stars, from words and columns",
        text: #"""
            # Women's E-Commerce Clothing Reviews: would they recommend it, and how many stars?
            #
            #     tandem train womens-clothing-reviews.toml womens_clothing_reviews.csv.gz
            #
            # Text without a vocabulary: words in lower case are hashed into buckets, each bucket
            # has an embedding, and a text is the mean of its words. A request carries plain text.

            [model]
            name = "clothing-reviews"
            architecture = "shared-bottom"
            bottom_layers = [64, 32]
            tower_layers = []               # layers of their own made the stars worse

            # Neither label is an input of the other's task: the stars give the recommendation away.
            # Positive Feedback Count is left out too: it is counted after the review.

            [[feature]]
            column = "Age"
            kind = "numeric"

            [[feature]]
            columns = ["Division Name", "Department Name", "Class Name", "Clothing ID"]
            kind = "categorical"
            embedding_dim = 4

            [[feature]]
            name = "Title"
            column = "Title"
            kind = "words"
            hash_buckets = 32768
            max_length = 16
            embedding_dim = 48

            [[feature]]
            name = "Review Text"
            column = "Review Text"
            kind = "words"
            hash_buckets = 32768
            max_length = 128
            embedding_dim = 48

            [[task]]
            name = "recommended"
            kind = "binary"
            label = "Recommended IND"

            [[task]]
            name = "rating"
            kind = "multiclass"
            label = "Rating"
            classes = ["1", "2", "3", "4", "5"]

            [training]
            learning_rate = 0.002
            batch_size = 256
            epochs = 20
            patience = 2
            l2 = 0.05
            seed = 1
            """# + "\n")
}
