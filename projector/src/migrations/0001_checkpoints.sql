-- Where each projection stands. A batch moves its row in the same transaction as its rows, by
-- compare-and-set: whoever finds another offset there is not the owner any more.
-- next_offset is the offset after the last record applied, control records not counted, so that a
-- replay ends at the same number.
CREATE TABLE projection_checkpoint (
  projection  text    NOT NULL,
  topic       text    NOT NULL,
  partition   integer NOT NULL,
  next_offset bigint  NOT NULL CHECK (next_offset >= 0),
  PRIMARY KEY (projection, topic, partition)
);
