"""Models with a recurrent state: Mamba, Mamba-2, RWKV-4 and RWKV-7.

What such a model remembers of a text has one size however long the text is. So there is no window.
The state is held in float32 and brought forward one position at a time, by single operations in one
order. So it is the same however many positions, streams or threads go at a time (see `constants`).
"""
