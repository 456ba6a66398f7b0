import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A list that holds rows of all users, and the last number that it has given to a row. */
@Entity('numbered_lists', { withoutRowid: true })
export class NumberedList {
  @PrimaryColumn({ type: 'varchar', length: 20 })
  name!: string;

  @Column({ name: 'last_ordinal', type: 'bigint' })
  lastOrdinal!: number;
}
