"""Studies of predictors and codecs: score, curve, sample and scaling."""
