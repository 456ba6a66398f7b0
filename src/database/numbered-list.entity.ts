import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A list of everybody's rows, and the number that was given last in it. */
@Entity('numbered_lists', { withoutRowid: true })
export class NumberedList {
  @PrimaryColumn({ type: 'varchar', length: 20 })
  name!: string;

  @Column({ name: 'last_ordinal', type: 'bigint' })
  lastOrdinal!: number;
}
